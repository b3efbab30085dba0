import type { Position } from '../state.ts';

let knownSecond = '';
let knownSecondMs = 0;

/** The engine's time in milliseconds since the epoch. Lines of the same second are many, and parsing is slow. */
export function timeToMs(time: string): number {
  const second = time.slice(0, 19);
  if (second !== knownSecond) {
    knownSecond = second;
    knownSecondMs = Date.parse(`${second}Z`);
  }
  return knownSecondMs + Number(time.slice(20, 23));
}

const microseconds = (time: string): number => timeToMs(time) * 1000 + Number(time.slice(23, 26));

/**
 * The number of a container's next line: twice its time in microseconds, and more than the one before. It follows from
 * the engine's own log, so a line that is read again after a crash has the same number, even if we have forgotten all.
 */
export const lineNumber = (previous: number, time: string): number => Math.max(previous + 2, 2 * microseconds(time));

/** The number of a line of the agent's own: odd, where those of the container are even. */
export const ownNumber = (previous: number, atMs: number): number => Math.max(previous + 2, 2 * atMs * 1000 + 1);

/** The number of a line of the agent's own about what the engine did at this time: always the same. */
export function numberAt(time: string): number {
  const [, second = '', fraction = ''] = /^(.{19})(?:\.(\d{1,9}))?/.exec(time) ?? [];
  const micros = Date.parse(`${second}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  return Number.isSafeInteger(micros) ? 2 * micros + 1 : ownNumber(0, Date.now());
}

/** Out-of-order times are at most this far apart: both outputs are stamped at once and written one after the other. */
export const overlapMs = 2000;

/** The `since` by which the engine's log is read so that the position itself is in it. */
export function sinceOf(position: Position | undefined): string {
  if (position === undefined) return '0';
  return `${Math.max(0, (timeToMs(position.time) - overlapMs) / 1000).toFixed(3)}`;
}

/**
 * Finds a position again in a log that is read from a little before it: says of each frame, in the order of the log,
 * whether it lies after the position. A log whose beginning is later has been rotated: all of it is new, and what was
 * between is lost.
 */
export function createSeek(position: Position | undefined, onGap: (time: string) => void): (time: string) => boolean {
  let found = position === undefined;
  let first = true;
  let same = 0;
  return (time) => {
    if (found || position === undefined) return true;
    if (first && time > position.time) {
      onGap(time);
      found = true;
      return true;
    }
    first = false;
    if (time === position.time && ++same === position.ordinal) {
      found = true;
      return false;
    }
    // It was there, and isn't: nothing that is this much later can have been before it.
    if (timeToMs(time) > timeToMs(position.time) + overlapMs) {
      found = true;
      return true;
    }
    return false;
  };
}
