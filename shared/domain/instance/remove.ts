import { type Instance, isBusy, isFinal } from '../instance.ts';
import type { Connection } from '../node.ts';
import { abandon, change, type Deleter, discard, doom } from './change.ts';
import { graceSeconds } from './deadlines.ts';

/** How an instance is to be removed. */
export interface Removal {
  readonly force: boolean;
  /** What we see of its node. */
  readonly connection: Connection;
  /** Whether the node itself is being deleted by force: nobody will confirm anything then. */
  readonly nodeLeaves?: boolean;
  readonly by?: Deleter;
}

/** The row of a removal, or the job that stands in its way. */
export type RemovalVerdict = { readonly row: Instance } | { readonly busy: string };

/**
 * What becomes of an instance that somebody deletes. By force it finishes at once where the node cannot answer; else it
 * finishes when the node has confirmed that the container is gone.
 */
export function remove(
  row: Instance,
  { force, connection, nodeLeaves = false, by }: Removal,
  now: number,
): RemovalVerdict {
  if (row.state === 'deleted') return { row };
  if (isFinal(row)) return { row: discard(row, now, by) };
  if (isBusy(row) && !force) return { busy: row.job?.name ?? '' };
  if (nodeLeaves || (force && connection === 'unreachable')) return { row: abandon(row, now, by) };
  return { row: doom(row, now, isBusy(row) ? graceSeconds.busy : graceSeconds.idle, by) };
}

/** What came of trying to delete a runner at GitHub: it is gone, there is no credential to try with, or nothing yet. */
export type Forgetting = 'forgotten' | 'unknown' | 'failed';

/** The row after its runner was to be deleted at GitHub. */
export const tried = (row: Instance, now: number, outcome: Forgetting): Instance =>
  change(row, now, {
    github_tries: row.github_tries + 1,
    github_tried_at: now,
    ...(outcome === 'failed' ? {} : { github_runner: outcome }),
  });
