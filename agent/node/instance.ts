import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import type { Control } from '../control/client.ts';
import type { AskLogin } from '../control/logins.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { AgentState } from '../state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createAttempts, keyOf } from './attempts.ts';
import { isUnstarted } from './container.ts';
import { createEnding } from './end.ts';
import type { Figures } from './figures.ts';
import { createFollowing, type Note } from './following.ts';
import type { Owner } from './labels.ts';
import { createLoop } from './loop.ts';
import type { Machine } from './machine.ts';
import type { Phase } from './phase.ts';
import type { RunnerRelease } from './runner.ts';

/** What is wanted of an instance: what was told, or that what nobody lists goes. */
export type Wanted = Desired | { readonly want: 'unlisted' };

/** What an instance's worker is handed. */
export interface InstanceOptions {
  readonly uid: string;
  readonly machine: Machine;
  readonly owner: Owner;
  readonly control: Control;
  readonly login: AskLogin;
  readonly state: AgentState;
  readonly telemetry: Telemetry;
  readonly release: () => RunnerRelease | null;
  readonly note: Note;
  readonly onListening: () => void;
  readonly warn: (what: string) => void;
}

/** One worker per instance: it compares what is wanted with what there is, and does the next thing. */
export function createInstance(options: InstanceOptions) {
  const { uid, machine, note, warn } = options;
  const { engine } = machine;
  const name = containerName(uid);
  let wanted: Wanted | undefined;
  let goneAs: number | undefined;

  const generation = () => (wanted !== undefined && 'generation' in wanted ? wanted.generation : 0);

  const pass = async (signal: AbortSignal) => {
    if (wanted === undefined) {
      const found = await engine.findContainer(name);
      if (found !== undefined && !isUnstarted(found)) await following.look(found);
    } else if (wanted.want === 'run') {
      await (wanted.restart ? attempts.remake(wanted, signal) : attempts.make(wanted, signal));
    } else {
      await remove();
    }
  };

  const onFailure = (error: unknown) => {
    warn(`${name}: ${error instanceof Error ? error.message : error}`);
    // What runs is left alone; what can't be started is told, so that it doesn't wait for ever.
    if (wanted?.want !== 'run' || following.watch() !== undefined) return false;
    if (isEngineFailure(error) || !isUnreachable(error)) return false;
    attempts.refuse(wanted, 'engine_unavailable', 'The Docker engine of the node does not answer.', true);
    return true;
  };

  const loop = createLoop({ pass, onFailure });
  const following = createFollowing({ ...options, generation, signal: loop.signal });
  const attempts = createAttempts({
    ...options,
    following,
    later: loop.later,
    onGranted({ generation }) {
      if (wanted?.want === 'run' && generation !== undefined) wanted = { ...wanted, generation };
    },
  });
  const end = createEnding({ name, uid, machine, log: options.telemetry.logOf(uid) });

  const remove = async () => {
    const graceSeconds = wanted !== undefined && 'grace_seconds' in wanted ? wanted.grace_seconds : 10;
    const of = generation();
    await end(graceSeconds, following.watch);
    following.forget();
    // Told again by every sync until the control plane has taken note; that must not make one sync follow another.
    note({ generation: of, state: 'gone' }, goneAs === of ? 'again, without haste' : 'again');
    goneAs = of;
  };

  return {
    /** What the control plane says. The same again starts nothing that is done or under way. */
    tell(next: Wanted): void {
      const before = wanted;
      wanted = next;
      if (next.want !== 'run' && before?.want === 'run') loop.interrupt();
      const isDone = loop.isWorking() || (loop.isSettled() && following.watch() !== undefined);
      if (before !== undefined && isSame(before, next) && isDone) return;
      void loop.now();
    },

    /** Something happened: look again. */
    poke: (): void => void loop.now(),

    /** Looks, and resolves when it has. */
    looked: (): Promise<void> => loop.now(),

    /** Is nothing under way? */
    isIdle: (): boolean => !loop.isWorking(),

    /** Nobody lists it any more: a start that is under way ends. */
    unlist: (): void => loop.interrupt(),

    phase: (): Phase | undefined => following.watch()?.phase(),
    figures: (): Figures | undefined => following.figures(),

    /** Ends the worker, and leaves the container as it is. */
    close(): void {
      loop.close();
      following.close();
    },
  };
}

/** One worker per instance. */
export type Instance = ReturnType<typeof createInstance>;

const isSame = (a: Wanted, b: Wanted): boolean =>
  'generation' in a && 'generation' in b ? keyOf(a) === keyOf(b) : a.want === b.want;

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error
    ? ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(`${error.code}`)
    : error instanceof Error && error.message.startsWith('No answer within');
