import * as z from 'zod';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { dueAttributes, rowType } from './row.ts';
import { put, remove, update } from './steps.ts';

/** A credential at GitHub, in one place there: when its runners are to be compared next, and whom that would remove. */
export const GithubComparison = z.object({
  hash: z.string(),
  /** The organization and runner whose credential to use. */
  org: z.string(),
  runner: z.string(),
  due: z.int(),
  /** Runners seen there without a row here: their name and when they were first seen (epoch milliseconds). */
  strays: z.record(z.string(), z.int()),
});
export type GithubComparison = z.output<typeof GithubComparison>;

/** Comparisons with GitHub. */
export interface Github {
  find(hash: string): Promise<GithubComparison | undefined>;
  /** Makes sure that a comparison is planned, with this runner's credential: leaves the time of one that is. */
  plan(comparison: Omit<GithubComparison, 'strays'>): Promise<void>;
  save(comparison: GithubComparison): Promise<void>;
  remove(hash: string): Promise<void>;
}

const row = rowType('github', GithubComparison);

/** Makes the repository of comparisons with GitHub. */
export const github = (link: Link): Github => ({
  async find(hash) {
    const found = await link.get(keys.github(hash));
    return found && row.read(found);
  },

  async plan({ hash, org, runner, due }) {
    // An update, so that two plans at once leave one row with the strays of the one before.
    const {
      pk: _,
      sk: __,
      due: at,
      strays,
      ...whole
    } = row.write(keys.github(hash), { hash, org, runner, due, strays: {} }, { due });
    await link.write(update(keys.github(hash), { set: whole, keep: { due: at, strays } }));
  },

  async save(comparison) {
    await link.write(put(row.write(keys.github(comparison.hash), comparison, dueAttributes(comparison.due))));
  },

  async remove(hash) {
    await link.write(remove(keys.github(hash)));
  },
});
