import type { Position } from '../state.ts';
import { createFrames, type Frame, type Source } from './frames.ts';
import { createSeek, lineNumber, overlapMs, timeToMs } from './sequence.ts';

/** A line of a container's output. */
export interface OutputLine {
  /** See `lineNumber`. */
  readonly seq: number;
  readonly atMs: number;
  readonly text: string;
  /** The engine's time of its end. */
  readonly time: string;
  /** From where to read on once this line is dealt with; undefined: from the beginning. */
  readonly position: Position | undefined;
}

/** Longer lines are cut: the service takes events of 256 KiB, and JSON may double each byte. */
const longestBytes = 96 * 1024;

/**
 * Turns the engine's stream into lines, from after a position on. If that isn't in it any more `onGap` is told the time of
 * the first line that is.
 */
export function createOutput(
  from: Position | undefined,
  onLine: (line: OutputLine) => void,
  onGap: (time: string) => void = () => undefined,
): (chunk: Buffer) => void {
  const isNew = createSeek(from, onGap);
  const open = new Map<Source, Buffer[]>();
  let seq = from?.seq ?? 0;
  let latest = from?.time ?? '';
  let ordinal = from?.ordinal ?? 0;
  // Not every line is a place to read on from. Where another is half read its beginning would be lost; and one whose time
  // is before that of an earlier line can't be told from those. What is read again then has the same numbers.
  let position = from;

  const finish = (source: Source, frame: Frame) => {
    const parts = open.get(source);
    open.delete(source);
    const text = parts === undefined ? frame.text : Buffer.concat(parts);
    seq = lineNumber(seq, frame.time);
    if (open.size === 0 && frame.time === latest) position = { time: latest, ordinal, seq };
    onLine({ seq, atMs: timeToMs(frame.time), text: text.toString('utf8'), time: frame.time, position });
  };

  return createFrames((frame) => {
    if (!isNew(frame.time)) return;
    if (frame.time === latest) {
      ordinal++;
    } else if (frame.time > latest || timeToMs(latest) - timeToMs(frame.time) > overlapMs) {
      // Far back is a clock that was set: it goes on from there.
      latest = frame.time;
      ordinal = 1;
    }
    const parts = open.get(frame.source);
    if (frame.ends && parts === undefined) return finish(frame.source, frame);
    // The frame's bytes are the chunk's, which goes: what is kept is copied.
    const kept = parts ?? [];
    kept.push(Buffer.from(frame.text));
    open.set(frame.source, kept);
    const bytes = kept.reduce((sum, part) => sum + part.length, 0);
    if (frame.ends || bytes >= longestBytes) finish(frame.source, frame);
  });
}
