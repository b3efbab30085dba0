import type { Position } from '../state.ts';
import { createFrames, type Frame, type Source } from './frames.ts';
import { createSeek, lineNumber, timeToMs } from './sequence.ts';

/** A line of a container's output. */
export interface OutputLine {
  /** See `lineNumber`. */
  readonly seq: number;
  readonly atMs: number;
  readonly text: string;
  /** The engine's time of its end. */
  readonly time: string;
  /** From where to read on once this line is dealt with. */
  readonly position: Position;
}

/** Longer lines are cut: the service takes events of 256 KiB, and JSON may double each byte. */
const longestBytes = 96 * 1024;

/** Turns the engine's stream into lines, from after a position on. */
export function createOutput(from: Position | undefined, onLine: (line: OutputLine) => void): (chunk: Buffer) => void {
  const isNew = createSeek(from);
  const open = new Map<Source, Buffer[]>();
  let seq = from?.seq ?? 0;
  let time = from?.time ?? '';
  let ordinal = from?.ordinal ?? 0;
  // A position at which a line was half read would lose its beginning: the last one at which none was.
  let position: Position = from ?? { time, ordinal, seq };

  const finish = (source: Source, frame: Frame) => {
    const parts = open.get(source);
    open.delete(source);
    const text = parts === undefined ? frame.text : Buffer.concat(parts);
    seq = lineNumber(seq, frame.time);
    if (open.size === 0) position = { time, ordinal, seq };
    onLine({ seq, atMs: timeToMs(frame.time), text: text.toString('utf8'), time: frame.time, position });
  };

  return createFrames((frame) => {
    if (!isNew(frame.time)) return;
    ordinal = frame.time === time ? ordinal + 1 : 1;
    time = frame.time;
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
