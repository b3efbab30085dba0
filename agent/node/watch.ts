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
  /** Resolves when all of its output has been read, and taken to be shipped. */
  readonly done: Promise<void>;
  /** Differs from before if anything was read or shipped meanwhile. */
  readonly progress: () => string;
  stop(): void;
}

const pauseMs = 1000;
/** How long reading waits for room before it goes on without shipping. */
const patienceMs = 2000;

/**
 * Follows a container's output: what the runner does is read from every line at once; what is to be shipped is offered to
 * its log. Where that has no room for a moment, reading waits: the engine's own log is the buffer. Where it has none for
 * longer, lines are only read for what they say, and later read again: nothing is held in memory for a control plane that
 * is away, and what the runner does is told all the same.
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
  const { engine, telemetry, uid, remember, onPhase, warn } = options;
  const { container, started_at, boot, read: readBefore, shipped: shippedBefore, ...phaseBefore } = options.record;
  const log = telemetry.logOf(uid);
  const stopped = new AbortController();
  let phase: Phase = phaseBefore;
  let read = readBefore;
  let shipped: Position | undefined = shippedBefore;
  let offered: Position | undefined = shippedBefore;
  /** There while lines are not taken: resolves when there is room again, and ends the reading. */
  let behind: { readonly room: Promise<void>; end(): void } | undefined;
  let enough = new AbortController();
  /** The rest of what was read at once, while there is no room for it. */
  let held: OutputLine[] = [];
  let onRoom = () => {};
  const aborted = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));

  const record = (): InstanceRecord => ({
    container,
    started_at,
    boot,
    read,
    ...phase,
    ...(shipped === undefined ? {} : { shipped }),
  });

  telemetry.listen(uid, {
    onShipped(position) {
      shipped = position;
      remember(record());
    },
    onRoom() {
      onRoom();
      behind?.end();
    },
  });

  const see = (line: OutputLine) => {
    if (line.seq > read) {
      read = line.seq;
      const before = phase;
      phase = afterLine(phase, line.text, line.atMs);
      if (phase !== before) {
        remember(record());
        onPhase(before, phase, line.atMs);
      }
    }
    if (behind !== undefined) return;
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

  const fallBehind = () => {
    held = [];
    const { promise: room, resolve } = Promise.withResolvers<void>();
    behind = {
      room,
      end() {
        resolve();
        enough.abort();
      },
    };
  };

  /** Waits until all that is held has been taken; after a while it goes without. */
  const catchUp = async () => {
    const untilMs = Date.now() + patienceMs;
    while (held.length > 0 && !stopped.signal.aborted) {
      const room = new Promise<void>((resolve) => {
        onRoom = resolve;
      });
      offer();
      if (held.length === 0) return;
      if (Date.now() >= untilMs) return fallBehind();
      await Promise.race([aborted, room, sleep(untilMs - Date.now(), undefined, { ref: false })]);
    }
  };

  /** Reads what the engine has, and what comes. */
  const follow = async () => {
    enough = new AbortController();
    held = [];
    const signal = AbortSignal.any([stopped.signal, enough.signal]);
    const response = await engine.logs(container, sinceOf(offered), true, signal);
    const feed = createOutput(offered, see, (time) =>
      log.sayOf(
        time,
        'WARN',
        'Lines before this were left out: the engine had dropped them before they could be shipped.',
      ),
    );
    try {
      for await (const chunk of response) {
        feed(chunk);
        await catchUp();
      }
      log.settle();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };

  const pause = () => Promise.race([aborted, sleep(pauseMs)]);

  const run = async () => {
    while (!stopped.signal.aborted) {
      try {
        await follow();
        if (behind !== undefined) {
          // All that is there has been read for what it says; it is read again to be shipped.
          await Promise.race([aborted, behind.room]);
          behind = undefined;
          continue;
        }
        const now = await engine.findContainer(container);
        if (now === undefined || !now.State.Running) return;
      } catch (error) {
        if (stopped.signal.aborted || isEngineFailure(error, 404)) return;
        warn(`The output of ${uid} can't be read: ${error}`);
      }
      await pause();
    }
  };

  return {
    phase: () => phase,
    done: run(),
    progress: () => `${read} ${shipped?.seq} ${shipped?.ordinal}`,
    stop() {
      stopped.abort();
      telemetry.listen(uid, undefined);
    },
  };
}
