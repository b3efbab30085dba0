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
  /** Resolves when all of its output has been read. */
  readonly done: Promise<void>;
  stop(): void;
}

const pauseMs = 1000;

/**
 * Follows a container's output: what the runner does is read from every line at once; what is to be shipped is offered to
 * its log. While that has no room the lines are only read for what they say, and later read again from the engine's own
 * log, which is the buffer: nothing is held in memory for a control plane that is away.
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
  const { container, read: readBefore, shipped: shippedBefore, ...phaseBefore } = options.record;
  const log = telemetry.logOf(uid);
  const stopped = new AbortController();
  let phase: Phase = phaseBefore;
  let read = readBefore;
  let shipped: Position | undefined = shippedBefore;
  let offered: Position | undefined = shippedBefore;
  /** There while lines are not taken: resolves when there is room again, and ends the reading. */
  let behind: { readonly room: Promise<void>; end(): void } | undefined;
  let enough = new AbortController();

  const record = (): InstanceRecord => ({ container, read, ...phase, ...(shipped === undefined ? {} : { shipped }) });

  telemetry.listen(uid, {
    onShipped(position) {
      shipped = position;
      remember(record());
    },
    onRoom: () => behind?.end(),
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
    if (log.add(line)) {
      offered = line.position;
      return;
    }
    const { promise: room, resolve } = Promise.withResolvers<void>();
    behind = {
      room,
      end() {
        resolve();
        enough.abort();
      },
    };
  };

  /** Reads what the engine has, and what comes. */
  const follow = async () => {
    enough = new AbortController();
    const signal = AbortSignal.any([stopped.signal, enough.signal]);
    const response = await engine.logs(container, sinceOf(offered), true, signal);
    const feed = createOutput(offered, see);
    try {
      for await (const chunk of response) feed(chunk);
      log.settle();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };

  const aborted = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));
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
    stop() {
      stopped.abort();
      telemetry.listen(uid, undefined);
    },
  };
}
