import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { InstanceRecord, Position } from '../state.ts';
import { createOutput, type OutputLine } from '../telemetry/output.ts';
import { sinceOf } from '../telemetry/sequence.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { afterLine, type Phase } from './phase.ts';

/** Reads the output of one container for as long as it runs, and what is left of it after that. */
export interface Watch {
  /** What the runner does now. */
  readonly phase: () => Phase;
  /** Resolves when all of its output has been taken to be shipped. */
  readonly done: Promise<void>;
  /** Of one that has ended: resolves when all is read for what the runner did, however far shipping is. */
  readonly noticed: () => Promise<void>;
  /** Differs from before if anything was read or shipped meanwhile. */
  readonly progress: () => string;
  stop(): void;
}

const pauseMs = 1000;
const endPauseMs = 300;
/** How long reading waits for room before it ends, and how far it may be behind before a scout is sent. */
const patienceMs = 2000;

/**
 * Follows a container's output: what the runner does is read from every line, and each line is offered to its log. Where
 * that has no room, reading waits: the engine's own log is the buffer, and nothing is held in memory for a control plane
 * that is away. A scout then reads ahead, so that what the runner does is told all the same.
 */
export function watchOutput(options: {
  readonly engine: Engine;
  readonly telemetry: Telemetry;
  readonly uid: string;
  readonly record: InstanceRecord;
  readonly remember: (record: InstanceRecord) => void;
  readonly onPhase: (before: Phase, after: Phase, atMs: number) => void;
  readonly warn: (what: string) => void;
}): Watch {
  const { engine, telemetry, uid, onPhase, warn } = options;
  const { container, started_at, boot, read: readBefore, shipped: shippedBefore, ...phaseBefore } = options.record;
  const log = telemetry.logOf(uid);
  const stopped = new AbortController();
  let phase: Phase = phaseBefore;
  let read = readBefore;
  let shipped: Position | undefined = shippedBefore;
  let offered: Position | undefined = shippedBefore;
  /** The rest of what was read at once, while there is no room for it. */
  let held: OutputLine[] = [];
  let onRoom = () => {};
  let room = Promise.resolve();
  let scout: Promise<void> | undefined;
  const aborted = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));

  const record = (): InstanceRecord => ({
    container,
    started_at,
    boot,
    read,
    ...phase,
    ...(shipped === undefined ? {} : { shipped }),
  });

  // What was read before it was stopped may still come, when all of it is to be forgotten.
  const remember = (next: InstanceRecord) => {
    if (!stopped.signal.aborted) options.remember(next);
  };

  telemetry.listen(uid, {
    onShipped(position) {
      shipped = position;
      remember(record());
    },
    onRoom: () => onRoom(),
  });

  const notice = ({ seq, text, atMs }: OutputLine) => {
    if (seq <= read) return;
    read = seq;
    const before = phase;
    phase = afterLine(phase, text, atMs);
    if (phase === before) return;
    remember(record());
    onPhase(before, phase, atMs);
  };

  const take = (line: OutputLine) => {
    notice(line);
    held.push(line);
    if (held.length === 1) offer();
  };

  /** Offers what is held, until there is no room. */
  const offer = () => {
    const refused = held.findIndex((line) => {
      if (!log.add(line)) return true;
      offered = line.position;
      return false;
    });
    held = refused === -1 ? [] : held.slice(refused);
  };

  /** Reads what there is and what comes, up to the end, only for what the runner does. */
  const sendScout = (): Promise<void> => {
    const ahead = async () => {
      const feed = createOutput(offered, notice);
      for await (const chunk of await engine.logs(container, sinceOf(offered), true, stopped.signal)) feed(chunk);
    };
    const forget = () => {
      scout = undefined;
    };
    scout ??= ahead().finally(forget);
    // Another is sent when it is missed.
    scout.catch(() => undefined);
    return scout;
  };

  /** Waits for room for all that is held; false: there is none for now. */
  const isTaken = async (): Promise<boolean> => {
    const untilMs = Date.now() + patienceMs;
    while (held.length > 0 && !stopped.signal.aborted) {
      room = new Promise((resolve) => {
        onRoom = resolve;
      });
      offer();
      const [next] = held;
      if (next === undefined) break;
      if (Date.now() - next.atMs > patienceMs) void sendScout();
      if (Date.now() >= untilMs) return false;
      await Promise.race([aborted, room, sleep(untilMs - Date.now(), undefined, { ref: false })]);
    }
    return true;
  };

  let broken = false;
  /** What the engine had taken from the container and not yet written is lost with it; nobody can tell how much that is. */
  const tellBreak = () => {
    if (!broken) log.say('WARN', 'The engine could not be read here for a while: lines after this may be missing.');
    broken = true;
  };

  const tellGap = (time: string) =>
    log.sayOf(time, 'WARN', 'Lines before this were left out: the engine had dropped them before they were shipped.');

  /** Reads what there is, and what comes; false: it has stopped in between, for there is no room. */
  const follow = async (): Promise<boolean> => {
    held = [];
    const feed = createOutput(offered, take, tellGap);
    for await (const chunk of await engine.logs(container, sinceOf(offered), true, stopped.signal)) {
      broken = false;
      feed(chunk);
      if (!(await isTaken())) return false;
    }
    log.settle();
    return true;
  };

  const pause = (ms: number) => Promise.race([aborted, sleep(ms)]);
  const runs = async () => (await engine.findContainer(container))?.State.Running;

  const run = async () => {
    let ended = false;
    let seen = -1;
    while (!stopped.signal.aborted) {
      try {
        if (!(await follow())) {
          await Promise.race([aborted, room]);
          continue;
        }
        // The engine may still write what a container has left in its pipe when that has ended, and does not send it to
        // whoever follows: it is all there when another look finds no more.
        if (ended && read === seen) return;
        seen = read;
        // The engine ends what is followed with the container, unless it ends itself.
        if ((await runs()) === true) tellBreak();
        else ended = true;
      } catch (error) {
        if (stopped.signal.aborted || isEngineFailure(error, 404)) return;
        tellBreak();
        warn(`The output of ${uid} can't be read: ${error}`);
      }
      await pause(ended ? endPauseMs : pauseMs);
    }
  };

  return {
    phase: () => phase,
    done: run(),
    noticed: sendScout,
    progress: () => `${read} ${shipped?.seq} ${shipped?.ordinal}`,
    stop() {
      stopped.abort();
      telemetry.listen(uid, undefined);
    },
  };
}
