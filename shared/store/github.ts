import * as z from 'zod';

/** A credential at GitHub, in one place there: when its runners are to be compared next, and whom that would remove. */
export const GithubComparison = z.object({
  hash: z.string(),
  /** The organization and runner whose credential to use. */
  org: z.string(),
  runner: z.string(),
  due_at: z.int(),
  /** Runners seen there without a row here: their name and when they were first seen. */
  strays: z.record(z.string(), z.int()),
});
export type GithubComparison = z.output<typeof GithubComparison>;

/** Comparisons with GitHub. */
export interface Github {
  find(hash: string): Promise<GithubComparison | undefined>;
  /** Makes sure that a comparison is planned: leaves the time of one that is. */
  plan(comparison: Omit<GithubComparison, 'strays'>): Promise<void>;
  save(comparison: GithubComparison): Promise<void>;
  remove(hash: string): Promise<void>;
}
