import type { Connection } from './connection.ts';
import { type Reads, reads } from './reads.ts';
import { backoff } from './retry.ts';
import { type Writes, writes } from './writes.ts';

/** What repositories are made from: reads and writes that understand nothing of what they carry, a clock, and ids. */
export interface Link extends Reads, Writes {
  readonly now: () => number;
  readonly newId: () => string;
  /** Waits between attempts, as long as there is budget: for loops that read again after a lost race. */
  readonly patience: () => () => Promise<boolean>;
}

/** Joins reads and writes over one connection. */
export const openLink = (connection: Connection): Link => ({
  now: connection.now,
  newId: connection.newId,
  patience: () => backoff(connection.retry),
  ...reads(connection),
  ...writes(connection),
});
