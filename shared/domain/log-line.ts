import * as z from 'zod';

/** A line of an instance's log as its node writes it into the stream. */
export const WrittenLine = z.object({
  /** Grows from line to line; a line that was shipped twice has the same. */
  seq: z.int().min(0),
  level: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  message: z.string(),
});

/** A line of an instance's log; `at` is its time by the node's clock, epoch milliseconds. */
export interface LogLine extends z.output<typeof WrittenLine> {
  readonly at: number;
}

/** A place in a log: lines are in order of time, and of their number within a millisecond. */
export type Position = Pick<LogLine, 'at' | 'seq'>;

/** Negative if `a` comes first, 0 if they are the same line. */
export const compareLines = (a: Position, b: Position): number => a.at - b.at || a.seq - b.seq;

/** Lines in order, each once. */
export function inOrder(lines: readonly LogLine[]): LogLine[] {
  const sorted = [...lines].sort(compareLines);
  return sorted.filter((line, i) => {
    const before = sorted[i - 1];
    return before === undefined || compareLines(before, line) !== 0;
  });
}

const percent = z
  .number()
  .finite()
  .transform((value) => Math.round(Math.min(Math.max(value, 0), 100) * 10) / 10);

/** One beat of a node: the figures of its instances, in percent. */
export const Beat = z.object({
  instances: z.array(z.object({ uid: z.string(), cpu: percent, memory: percent, disk: percent })).max(1000),
});

/** The figures of an instance at a time, epoch milliseconds. */
export interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}
