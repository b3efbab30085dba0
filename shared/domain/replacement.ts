import * as z from 'zod';

/** Who makes and deletes instances so that a runner has its `desired_instances`: no uid of a person. */
export const keeper = 'desired_instances';

const longestDetail = 300;

/** A sentence as a runner's row keeps it: what every creation touches stays small. */
export const brief = (detail: string): string =>
  detail.length > longestDetail ? `${detail.slice(0, longestDetail - 1)}…` : detail;

/** An instance that came to nothing, for the runner whose number it was to keep. Times are epoch milliseconds. */
export const Failure = z.object({
  node: z.string(),
  created_at: z.int(),
  at: z.int(),
  code: z.string(),
  detail: z.string(),
});
export type Failure = z.output<typeof Failure>;

/** What replacing a runner's instances has come to. Times are epoch milliseconds. */
export const Replacement = z.object({
  /** Rounds in a row in which an instance came to nothing. */
  failures: z.int(),
  /** The round after a failure begins no earlier, and with one instance. */
  not_before: z.int().optional(),
  /** When that one listened: from then on the others are made. */
  listened_at: z.int().optional(),
  /** The node of the last failure: others are tried before it. */
  avoid: z.string().optional(),
  /** Why there are fewer than desired. */
  reason: z.object({ code: z.string(), detail: z.string(), since: z.int() }).optional(),
  /** When it is tried again. */
  next_at: z.int().optional(),
});
export type Replacement = z.output<typeof Replacement>;
