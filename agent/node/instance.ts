import { setTimeout as sleep } from 'node:timers/promises';
import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import { backoffMs } from '../backoff.ts';
import type { Control } from '../control/client.ts';
import type { Refusal } from '../control/refusal.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Container } from '../engine/replies.ts';
import type { AgentState } from '../state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { generationOf, isUnstarted } from './container.ts';
import { createEnding } from './end.ts';
import { endingOf } from './ending.ts';
import { createFigures, type Figures } from './figures.ts';
import type { Owner } from './labels.ts';
import type { Seen } from './observations.ts';
import { isFatal, type Phase, startedPhase } from './phase.ts';
import type { RunnerRelease } from './runner.ts';
import { type Machine, startInstance } from './start.ts';
import { type Watch, watchOutput } from './watch.ts';

/** What is wanted of an instance: what was told, or that what nobody lists goes. */
export type Wanted = Desired | { readonly want: 'unlisted' };

/** What an instance's worker is handed. */
export interface InstanceOptions {
  readonly uid: string;
  readonly machine: Machine;
  readonly owner: Owner;
  readonly control: Control;
  readonly state: AgentState;
  readonly telemetry: Telemetry;
  readonly release: () => RunnerRelease | null;
  /** Takes a report: it is told at once. */
  readonly note: (seen: Seen, how?: 'if new' | 'again' | 'again, without haste') => void;
  readonly onListening: () => void;
  readonly warn: (what: string) => void;
}

/** A runner that goes on trying what can't succeed is given this long to give up by itself. */
const fatalAfterMs = 20_000;
/** How long the rest of a container's output is waited for at its end. */
const restMs = 10_000;
/** The control plane and this machine may disagree about the time: no claim is put off for longer than this. */
const longestWaitMs = 60_000;
const inputLooksMs = 200;
/** A refusal that comes to nothing is not the last word. */
const refusalHoldsMs = 60_000;

/** One worker per instance: it compares what is wanted with what there is, and does the next thing. */
export function createInstance(options: InstanceOptions) {
  const { uid, machine, owner, control, state, telemetry, note, warn } = options;
  const { engine, inputs } = machine;
  const name = containerName(uid);
  const log = telemetry.logOf(uid);
  const closed = new AbortController();

  let wanted: Wanted | undefined;
  /** What was last told has been done, as far as it can be. */
  let settled = false;
  let working = false;
  let again = false;
  let interrupt = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let fatalTimer: NodeJS.Timeout | undefined;
  let failures = 0;
  let refusal: { readonly key: string; readonly atMs: number } | undefined;
  let goneAs: number | undefined;
  let clearing = false;
  let watch: (Watch & { readonly container: string }) | undefined;
  let figures: Figures | undefined;

  const generation = () => (wanted !== undefined && 'generation' in wanted ? wanted.generation : 0);
  const later = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };

  const jobSeen = ({ job, result }: Phase) => ({
    ...(job !== undefined && { job }),
    ...(result !== undefined && { job_result: result }),
  });
  const phaseSeen = (of: number, phase: Phase): Seen => ({ generation: of, state: phase.phase, ...jobSeen(phase) });

  const onPhase = (container: Container) => (before: Phase, after: Phase, atMs: number) => {
    const of = generation() || generationOf(container.Config.Labels);
    if (after.phase !== before.phase || after.job !== before.job) note({ ...phaseSeen(of, after), at: atMs });
    if (after.phase === 'listening' && before.listened_at === undefined) options.onListening();
    clearTimeout(fatalTimer);
    if (after.trouble !== undefined && isFatal(after.trouble.code)) {
      fatalTimer = setTimeout(() => {
        log.say('WARN', 'The runner can not go on, and does not end: it is stopped.');
        engine.stopContainer(container.Id, 10).catch((error) => warn(`${name} can't be stopped: ${error}`));
      }, fatalAfterMs);
    }
  };

  const watchContainer = (container: Container): Watch => {
    if (watch?.container === container.Id) return watch;
    watch?.stop();
    const known = state.instance(uid);
    const record = known?.container === container.Id ? known : { container: container.Id, read: 0, ...startedPhase };
    const remember = (next: typeof record) => state.putInstance(uid, next);
    const made = watchOutput({ engine, telemetry, uid, record, remember, onPhase: onPhase(container), warn });
    watch = { ...made, container: container.Id };
    figures = createFigures(engine, container);
    state.putInstance(uid, record);
    return watch;
  };

  /** The folder by which the credential came is removed as soon as the runner has it. */
  const clearInput = async () => {
    if (clearing) return;
    clearing = true;
    try {
      while (inputs.exists(uid) && !inputs.isTaken(uid)) {
        await sleep(inputLooksMs, undefined, { signal: closed.signal });
      }
      inputs.remove(uid);
    } finally {
      clearing = false;
    }
  };

  /** Tells what a container is that has been started. */
  const look = async (container: Container) => {
    const { State } = container;
    const of = generation() || generationOf(container.Config.Labels);
    const watched = watchContainer(container);
    log.sayOf(State.StartedAt, 'INFO', 'Runner container started.');
    if (State.Running) {
      note(phaseSeen(of, watched.phase()));
      clearInput().catch(() => undefined);
      return;
    }
    clearTimeout(fatalTimer);
    figures = undefined;
    inputs.remove(uid);
    await Promise.race([watched.done, sleep(restMs, undefined, { ref: false })]);
    const phase = watched.phase();
    const at = Date.parse(State.FinishedAt);
    const ending = endingOf(container, phase, machine.bootId);
    const level = ending.code === 'job_completed' ? 'INFO' : 'WARN';
    log.sayOf(State.FinishedAt, level, `Runner container ended. ${ending.detail}`);
    // Whether it ever listened decides if it failed or stopped, so it is told even if it has been before.
    if (phase.listened_at !== undefined) note({ generation: of, state: 'listening', at: phase.listened_at }, 'again');
    note({
      generation: of,
      state: 'exited',
      at,
      exit_code: State.ExitCode,
      reason: ending,
      ...jobSeen(phase),
    });
  };

  /** A refusal is answered by another `not_before`, or by another want: until then there is nothing to try. */
  const isHeld = (desired: Desired) => refusal?.key === keyOf(desired) && Date.now() - refusal.atMs < refusalHoldsMs;

  const refuse = (desired: Desired, code: string, detail: string, retryable: boolean) => {
    refusal = { key: keyOf(desired), atMs: Date.now() };
    log.say(retryable ? 'WARN' : 'ERROR', detail);
    note({ generation: desired.generation, state: 'refused', reason: { code, detail }, retryable }, 'again');
  };

  const onUngranted = async (desired: Desired, { status, code, detail, retryAfterSeconds }: Refusal) => {
    if (code === 'claim.started') {
      // It has started, and its container isn't there: somebody has removed it. What is left was never started.
      const found = await engine.findContainer(name);
      if (found !== undefined && !isUnstarted(found)) return look(found);
      if (found !== undefined) await engine.removeContainer(found.Id, false);
      note({ generation: desired.generation, state: 'gone' }, 'again');
      return;
    }
    if (code === 'claim.not-wanted' || status === 401 || status === 403 || status === 404) return;
    if (status === 409 || status === 429 || status >= 500) {
      later((retryAfterSeconds ?? 5) * 1000 + Math.random() * 500);
      return;
    }
    warn(`The start of ${uid} was not granted: ${code}: ${detail}`);
  };

  const run = async (desired: Desired, signal: AbortSignal) => {
    const waitMs = (desired.not_before ?? 0) - Date.now();
    let found = await engine.findContainer(name);
    if (found !== undefined && !isUnstarted(found)) return look(found);
    if (isHeld(desired)) return;
    if (waitMs > 0) return later(Math.min(waitMs, longestWaitMs));
    if (found !== undefined && generationOf(found.Config.Labels) !== desired.generation) {
      await engine.removeContainer(found.Id, false);
      found = undefined;
    }
    const onPull = (news: string) => {
      log.say('INFO', news);
      note({ generation: desired.generation, state: 'pulling' });
    };
    const started = await startInstance(machine, {
      owner,
      control,
      desired,
      release: options.release(),
      found,
      signal,
      onPull,
      onGranted: ({ secret }) => telemetry.mask(uid, secret),
    });
    if (started.kind === 'refused') return refuse(desired, started.code, started.detail, started.retryable);
    if (started.kind === 'ungranted') return onUngranted(desired, started.refusal);
    const container = await engine.findContainer(name);
    if (container !== undefined && !isUnstarted(container)) return look(container);
    // It was there a moment ago. The next look finds out.
    later(1000);
  };

  const end = createEnding({ name, uid, machine, log });

  const remove = async () => {
    const graceSeconds = wanted !== undefined && 'grace_seconds' in wanted ? wanted.grace_seconds : 10;
    const of = generation();
    await end(graceSeconds, () => watch);
    watch?.stop();
    watch = undefined;
    figures = undefined;
    clearTimeout(fatalTimer);
    state.removeInstance(uid);
    // Told again by every sync until the control plane has taken note; that must not make one sync follow another.
    note({ generation: of, state: 'gone' }, goneAs === of ? 'again, without haste' : 'again');
    goneAs = of;
  };

  const pass = async (signal: AbortSignal) => {
    if (wanted === undefined) {
      const found = await engine.findContainer(name);
      if (found !== undefined && !isUnstarted(found)) await look(found);
    } else if (wanted.want === 'run') {
      await run(wanted, signal);
    } else {
      await remove();
    }
  };

  async function work(): Promise<void> {
    if (working) {
      again = true;
      return;
    }
    working = true;
    try {
      do {
        again = false;
        clearTimeout(timer);
        interrupt = new AbortController();
        try {
          await pass(AbortSignal.any([interrupt.signal, closed.signal]));
          failures = 0;
        } catch (error) {
          if (closed.signal.aborted) return;
          if (!interrupt.signal.aborted) onFailure(error);
        }
      } while (again);
      settled = true;
    } finally {
      working = false;
    }
  }

  const onFailure = (error: unknown) => {
    warn(`${name}: ${error instanceof Error ? error.message : error}`);
    // What runs is left alone; what can't be started is told, so that it doesn't wait for ever.
    if (wanted?.want === 'run' && watch === undefined && !isEngineFailure(error) && isUnreachable(error)) {
      refuse(wanted, 'engine_unavailable', 'The Docker engine of the node does not answer.', true);
      return;
    }
    later(backoffMs(failures++, 15_000));
  };

  return {
    /** What the control plane says. The same again starts nothing that is done or under way. */
    tell(next: Wanted): void {
      const before = wanted;
      const same = before !== undefined && keyOf(before) === keyOf(next);
      wanted = next;
      if (next.want !== 'run' && before?.want === 'run') interrupt.abort();
      if (same && (working || (settled && watch !== undefined))) return;
      void work();
    },

    /** Something happened: look again. */
    poke: (): void => void work(),

    /** Looks, and resolves when it has. */
    looked: (): Promise<void> => work(),

    /** Is nothing under way? */
    isIdle: (): boolean => !working,

    /** Nobody lists it any more: a start that is under way ends. */
    unlist: (): void => interrupt.abort(),

    phase: (): Phase | undefined => watch?.phase(),
    figures: (): Figures | undefined => figures,

    /** Ends the worker, and leaves the container as it is. */
    close(): void {
      closed.abort();
      clearTimeout(timer);
      clearTimeout(fatalTimer);
      watch?.stop();
    },
  };
}

/** One worker per instance. */
export type Instance = ReturnType<typeof createInstance>;

const keyOf = (wanted: Wanted): string =>
  'generation' in wanted ? `${wanted.want} ${wanted.generation} ${wanted.not_before ?? ''}` : wanted.want;

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error
    ? ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(`${error.code}`)
    : error instanceof Error && error.message.startsWith('No answer within');
