import type { Document } from './document.ts';
import { type Command, type History, type Invocation, isOver } from './history.ts';
import type { Execute, Outcome } from './shell.ts';

/** How an instance is reached. */
export interface Agent {
  readonly execute: Execute;
  /** False: what is sent stays pending until it is true again, or times out. */
  readonly isOnline: () => boolean;
}

/** Brings commands to instances. */
export interface Dispatcher {
  connect(instanceId: string, agent: Agent): void;
  disconnect(instanceId: string): void;
  findAgent(instanceId: string): Agent | undefined;
  dispatch(command: Command): void;
  /** Looks again: an instance may be online now. */
  wake(): void;
  /** Ends what runs. */
  close(): Promise<void>;
}

/** The SSM agent runs so many commands at a time. */
const atOnce = 5;
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
const shownOutput = 24_000;
const shownError = 8_000;

/** Makes a {@link Dispatcher}, which takes up what an earlier one of the same history has left. */
export function createDispatcher(options: {
  history: History;
  documents: ReadonlyMap<string, Document>;
  now: () => number;
  onError: (what: string, error: unknown) => void;
}): Dispatcher {
  const { history, documents, now, onError } = options;
  const agents = new Map<string, Agent>();
  const waiting = new Map<string, Command[]>();
  const running = new Map<string, number>();
  const runs = new Set<Promise<void>>();
  const stopping = new AbortController();

  for (const command of history.list()) {
    for (const invocation of command.invocations.values()) {
      if (invocation.status === 'InProgress') history.change(command, interrupted(invocation, now()));
      if (invocation.status === 'Pending') enqueue(invocation.instanceId, command);
    }
  }
  const timer = setInterval(wake, 1_000).unref();

  function enqueue(instanceId: string, command: Command): void {
    waiting.set(instanceId, [...(waiting.get(instanceId) ?? []), command]);
  }

  function wake(): void {
    for (const instanceId of waiting.keys()) deliver(instanceId);
  }

  function deliver(instanceId: string): void {
    const agent = agents.get(instanceId);
    const left: Command[] = [];
    for (const command of waiting.get(instanceId) ?? []) {
      const busy = running.get(instanceId) ?? 0;
      const invocation = command.invocations.get(instanceId);
      if (!invocation || isOver(invocation)) continue;
      if (now() >= command.requestedAt + command.deliverySeconds * 1000) {
        history.change(command, { ...invocation, status: 'TimedOut', statusDetails: 'DeliveryTimedOut' });
      } else if (agent?.isOnline() && busy < atOnce && !stopping.signal.aborted) {
        running.set(instanceId, busy + 1);
        track(run(agent, command, invocation));
      } else left.push(command);
    }
    if (left.length > 0) waiting.set(instanceId, left);
    else waiting.delete(instanceId);
  }

  async function run(agent: Agent, command: Command, invocation: Invocation): Promise<void> {
    const { instanceId } = invocation;
    const started: Invocation = { ...invocation, status: 'InProgress', statusDetails: 'InProgress', startedAt: now() };
    try {
      history.change(command, started);
      const outcome = await execute(agent, command);
      history.change(command, {
        ...started,
        ...outcome,
        statusDetails: outcome.status === 'TimedOut' ? 'ExecutionTimedOut' : outcome.status,
        stdout: cut(outcome.stdout, shownOutput),
        stderr: cut(outcome.stderr, shownError),
        endedAt: now(),
      });
    } finally {
      running.set(instanceId, (running.get(instanceId) ?? 1) - 1);
      if (!stopping.signal.aborted) deliver(instanceId);
    }
  }

  async function execute({ execute: runDocument }: Agent, { documentName }: Command): Promise<Outcome> {
    const document = documents.get(documentName);
    const failed = { status: 'Failed', responseCode: 1, stdout: '' } as const;
    if (!document) return { ...failed, stderr: `The document ${documentName} is no longer there.` };
    try {
      return await runDocument(document, stopping.signal);
    } catch (error) {
      return { ...failed, stderr: String(error) };
    }
  }

  function track(one: Promise<void>): void {
    const tracked = one.catch((error: unknown) => onError('The command history could not be written', error));
    runs.add(tracked);
    tracked.finally(() => runs.delete(tracked));
  }

  return {
    wake,
    findAgent: (instanceId) => agents.get(instanceId),
    connect(instanceId, agent) {
      agents.set(instanceId, agent);
      deliver(instanceId);
    },
    disconnect: (instanceId) => void agents.delete(instanceId),
    dispatch(command) {
      for (const instanceId of command.instanceIds) {
        enqueue(instanceId, command);
        setImmediate(deliver, instanceId); // The answer, which says Pending, goes first.
      }
    },
    async close() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all(runs);
    },
  };
}

function interrupted(invocation: Invocation, endedAt: number): Invocation {
  const stderr = 'The agent was interrupted while it ran this command.';
  return { ...invocation, status: 'Failed', statusDetails: 'Failed', responseCode: 1, stderr, endedAt };
}

/** The agent marks what it cuts (amazon-ssm-agent, pluginutil). */
function cut(text: string, length: number): string {
  const mark = '--output truncated--';
  return text.length <= length ? text : text.slice(0, length - mark.length) + mark;
}
