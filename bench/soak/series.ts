import { median } from '../statistics.ts';

/** What was read each minute. */
export interface Series {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly values: readonly number[];
  /** How much more the end may be than the beginning, and still be called flat: a part of it, or so much. */
  readonly slack: { readonly part: number; readonly amount: number };
}

/** How a series went. */
export interface Course {
  /** The medians of its six parts. */
  readonly sixths: readonly number[];
  readonly early: number;
  readonly late: number;
  readonly flat: boolean;
}

/**
 * Compares the median of the last third with that of the second sixth: in the first one caches fill and code is
 * compiled.
 */
export function courseOf({ values, slack }: Series): Course {
  const part = (from: number, to: number) =>
    median(values.slice(Math.floor(from * values.length), Math.max(1, Math.ceil(to * values.length))));
  const early = part(1 / 6, 2 / 6);
  const late = part(4 / 6, 1);
  return {
    sixths: Array.from({ length: 6 }, (_, index) => part(index / 6, (index + 1) / 6)),
    early,
    late,
    flat: late <= early + Math.max(early * slack.part, slack.amount),
  };
}
