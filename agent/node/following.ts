import { setTimeout as sleep } from 'node:timers/promises';
import { containerName } from '#domain/instance.ts';
import type { Container } from '../engine/replies.ts';
import type { AgentState, InstanceRecord } from '../state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { generationOf } from './container.ts';
import { endingOf } from './ending.ts';
import { createFigures, type Figures } from './figures.ts';
import { label } from './labels.ts';
import type { Machine } from './machine.ts';
import type { Seen } from './observations.ts';
import { isFatal, type Phase, startedPhase } from './phase.ts';
import { type Watch, watchOutput } from './watch.ts';

/** Takes a report: it is told at once. */
export type Note = (seen: Seen, how?: 'if new' | 'again' | 'again, without haste') => void;

/** A runner that goes on trying what can't succeed is given this long to give up by itself. */
const fatalAfterMs = 20_000;
/** How long the rest of a container's output is waited for at its end. */
const restMs = 10_000;
const inputLooksMs = 200;

/** Follows an instance's container from its start to its end, and reports what it does. */
export function createFollowing(options: {
  readonly uid: string;
  readonly machine: Machine;
  readonly state: AgentState;
  readonly telemetry: Telemetry;
  /** The generation that is wanted; 0 if that isn't known. */
  readonly generation: () => number;
  readonly note: Note;
  readonly onListening: () => void;
  readonly warn: (what: string) => void;
  readonly signal: AbortSignal;
}) {
  const { uid, machine, state, telemetry, note, warn } = options;
  const { engine, docker, inputs } = machine;
  const log = telemetry.logOf(uid);
  let watch: (Watch & { readonly container: string; readonly startedAt: string }) | undefined;
  let figures: Figures | undefined;
  let fatalTimer: NodeJS.Timeout | undefined;
  let clearing = false;

  const generationIn = ({ Config }: Container) => options.generation() || generationOf(Config.Labels);
  const jobSeen = ({ job, result }: Phase) => ({
    ...(job !== undefined && { job }),
    ...(result !== undefined && { job_result: result }),
  });
  const phaseSeen = (generation: number, phase: Phase): Seen => ({ generation, state: phase.phase, ...jobSeen(phase) });

  const onPhase = (container: Container) => (before: Phase, after: Phase, atMs: number) => {
    const generation = generationIn(container);
    if (after.phase !== before.phase || after.job !== before.job) note({ ...phaseSeen(generation, after), at: atMs });
    if (after.phase === 'listening' && before.listened_at === undefined) options.onListening();
    if (after.phase === 'listening') mindDaemon(container, after).catch(() => undefined);
    clearTimeout(fatalTimer);
    if (after.trouble !== undefined && isFatal(after.trouble.code)) {
      fatalTimer = setTimeout(() => {
        log.say('WARN', 'The runner can not go on, and does not end: it is stopped.');
        const onError = (error: unknown) => warn(`${containerName(uid)} can't be stopped: ${error}`);
        engine.stopContainer(container.Id, 10).catch(onError);
      }, fatalAfterMs);
    }
  };

  /** A runner whose daemon has ended would only take jobs to fail them; the one that it runs is left to find out. */
  const mindDaemon = async (container: Container, { phase }: Phase) => {
    if (phase === 'busy' || !(await docker.isLost(container, uid))) return;
    log.say('WARN', 'The Docker daemon of this instance has ended, so its runner is stopped.');
    await engine.stopContainer(container.Id, 10);
  };

  const known = ({ Id }: Container): InstanceRecord | undefined => {
    const record = state.instance(uid);
    return record?.container === Id ? record : undefined;
  };

  /** In which boot it ran last, as far as the agent has seen; else the one in which it was made. */
  const bootOf = (container: Container) => known(container)?.boot ?? container.Config.Labels?.[label.boot];

  /** Has a reboot taken it down, and may it be started again in this one? */
  const isDue = (container: Container): boolean =>
    container.Config.Labels?.[label.persistent] !== undefined && bootOf(container) !== machine.bootId;

  const recordOf = (container: Container, ranInThisBoot: boolean): InstanceRecord => {
    const { StartedAt: started_at } = container.State;
    const before = known(container);
    const boot = ranInThisBoot ? machine.bootId : before?.boot;
    if (before === undefined) return { container: container.Id, started_at, boot, read: 0, ...startedPhase };
    // What another run of it has said tells nothing of this one.
    const { read, shipped } = before;
    const isNew = (before.started_at ?? started_at) !== started_at;
    return { ...(isNew ? { container: container.Id, read, shipped, ...startedPhase } : before), started_at, boot };
  };

  const watchContainer = (container: Container, ranInThisBoot = container.State.Running): Watch => {
    const startedAt = container.State.StartedAt;
    if (watch?.container === container.Id && watch.startedAt === startedAt) return watch;
    watch?.stop();
    const record = recordOf(container, ranInThisBoot);
    const remember = (next: InstanceRecord) => state.putInstance(uid, next);
    const made = watchOutput({ engine, telemetry, uid, record, remember, onPhase: onPhase(container), warn });
    watch = { ...made, container: container.Id, startedAt };
    figures = createFigures(engine, container, uid);
    state.putInstance(uid, record);
    return watch;
  };

  /** The folder by which the credential came is removed as soon as the runner has it. */
  const clearInput = async () => {
    if (clearing) return;
    clearing = true;
    try {
      while (inputs.exists(uid) && !inputs.isTaken(uid)) {
        await sleep(inputLooksMs, undefined, { signal: options.signal });
      }
      inputs.remove(uid);
    } finally {
      clearing = false;
    }
  };

  /** All that it has said is read, as far as that can be had. */
  const ended = async (container: Container, ranInThisBoot?: boolean): Promise<Watch> => {
    const watched = watchContainer(container, ranInThisBoot);
    clearTimeout(fatalTimer);
    figures = undefined;
    inputs.remove(uid);
    await Promise.race([watched.done, watched.noticed(), sleep(restMs, undefined, { ref: false })]);
    return watched;
  };

  const tellEnd = async (container: Container, ranInThisBoot: boolean) => {
    const { State } = container;
    const generation = generationIn(container);
    const phase = (await ended(container, ranInThisBoot)).phase();
    const isOfThisBoot = bootOf(container) === machine.bootId;
    const ending = endingOf(container, phase, isOfThisBoot, await docker.isLost(container, uid));
    const level = ending.code === 'job_completed' ? 'INFO' : 'WARN';
    log.sayOf(State.FinishedAt, level, `Runner container ended. ${ending.detail}`);
    // Whether it ever listened decides if it failed or stopped, so it is told even if it has been before.
    if (phase.listened_at !== undefined) note({ generation, state: 'listening', at: phase.listened_at }, 'again');
    note({
      generation,
      state: 'exited',
      at: Date.parse(State.FinishedAt),
      exit_code: State.ExitCode,
      reason: ending,
      ...(ending.code === 'node_rebooted' && isDue(container) && { restartable: true }),
      ...jobSeen(phase),
    });
  };

  return {
    /** Tells what a container is that has been started, by whomever and whenever, or `just started`. */
    async look(container: Container, when?: 'just started'): Promise<void> {
      log.sayOf(container.State.StartedAt, 'INFO', 'Runner container started.');
      if (!container.State.Running) return tellEnd(container, when === 'just started');
      const watched = watchContainer(container);
      note(phaseSeen(generationIn(container), watched.phase()));
      clearInput().catch(() => undefined);
      await mindDaemon(container, watched.phase());
    },

    isDue,
    ended,
    watch: (): Watch | undefined => watch,
    figures: (): Figures | undefined => figures,

    /** Its container is gone. */
    forget(): void {
      watch?.stop();
      watch = undefined;
      figures = undefined;
      clearTimeout(fatalTimer);
      state.removeInstance(uid);
    },

    close(): void {
      clearTimeout(fatalTimer);
      watch?.stop();
    },
  };
}

/** Follows an instance's container. */
export type Following = ReturnType<typeof createFollowing>;
