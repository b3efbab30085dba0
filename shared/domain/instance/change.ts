import type { Instance, InstanceState, LastJob } from '../instance.ts';
import { graceSeconds } from './deadlines.ts';
import { dueOf } from './due.ts';
import { endedEarly } from './early.ts';
import { nextNumber } from './generation.ts';

/** What changes besides; `undefined` takes a member away. */
export type Changes = { readonly [K in keyof Instance]?: Instance[K] | undefined };

/** The row with changes, and the due time that follows from them. */
export function change(row: Instance, now: number, changes: Changes): Instance {
  const next = { ...row, ...changes, due: undefined } as Instance;
  const due = dueOf(next, now);
  return Object.fromEntries(Object.entries({ ...next, due }).filter(([, value]) => value !== undefined)) as Instance;
}

/** The row in another state, from now on. */
export const enter = (row: Instance, now: number, state: InstanceState, changes: Changes = {}): Instance =>
  change(row, now, { ...changes, state, state_at: now });

/** The job that has run, with what is known of its end; else the one before it. */
export const jobDone = (
  { job, last_job }: Instance,
  { ended_at, result }: Pick<LastJob, 'ended_at' | 'result'> = {},
): Changes => ({
  job: undefined,
  last_job: job ? { ...job, ...(ended_at !== undefined && { ended_at }), ...(result && { result }) } : last_job,
});

/** What no longer counts once an instance has ended, or is no longer wanted. */
const over = (row: Instance): Changes => ({
  claim: undefined,
  not_before: undefined,
  github_unavailable_since: undefined,
  ...jobDone(row),
});

/** Who deletes an instance, by uid; undefined where the service does it for them. */
export type Deleter = string | undefined;

const deletion = (now: number, by: Deleter): Changes => ({ deleted_at: now, deleted_by: by });

/** Why, without since when. */
export interface Why {
  readonly code: string;
  readonly detail: string;
}

/** Waits for its node again, for the reason given, and not before a time. */
export const askAgain = (row: Instance, now: number, why: Why, changes: Changes): Instance =>
  enter(row, now, 'requested', { claim: undefined, ...changes, reason: { ...why, since: now } });

/** It has ended by itself: its row keeps `want` and generation, so that the node's confirmation counts. */
export const end = (row: Instance, now: number, why: Why, changes: Changes): Instance =>
  enter(row, now, 'ended', {
    ...over(row),
    ended_at: now,
    heartbeat_at: now,
    grace_seconds: graceSeconds.idle,
    ...changes,
    reason: { ...why, since: now },
  });

/** It has come to nothing: its node is to remove what is there, and the reason is kept. */
export const fail = (row: Instance, now: number, why: Why, seenAt: number | undefined): Instance =>
  enter(row, now, 'failing', {
    ...over(row),
    want: 'gone',
    generation: nextNumber(row.generation, now),
    report: undefined,
    ended_at: now,
    heartbeat_at: row.reported_at === undefined ? undefined : seenAt,
    reason: { ...why, since: now },
  });

/** The customer wants it gone: from now on it is 404, and its node is to remove what is there. */
export const doom = (row: Instance, now: number, grace: number, by?: Deleter): Instance =>
  enter(row, now, 'deleting', {
    ...over(row),
    want: 'gone',
    ...(row.want === 'gone' ? {} : { generation: nextNumber(row.generation, now), report: undefined }),
    ended_at: row.ended_at ?? now,
    grace_seconds: grace,
    ...deletion(now, by),
  });

/** The node has confirmed that nothing is left: what it is for good. */
export function finish(row: Instance, now: number): Instance {
  const gone = { gone_at: now };
  if (row.state === 'deleting') return enter(row, now, 'deleted', gone);
  const byItself = row.state === 'ended' || endedEarly(row);
  const stopped = byItself && row.listening_at !== undefined;
  return enter(row, now, stopped ? 'stopped' : 'failed', gone);
}

/** Deleted for good, whether or not its node knows: by force, and where the node is gone. */
export const abandon = (row: Instance, now: number, by?: Deleter): Instance =>
  enter(row, now, 'deleted', {
    ...over(row),
    want: 'gone',
    ...(row.want === 'gone' ? {} : { generation: nextNumber(row.generation, now) }),
    ended_at: row.ended_at ?? now,
    ...(row.deleted_at === undefined && deletion(now, by)),
  });

/** What is history already, deleted. */
export const discard = (row: Instance, now: number, by?: Deleter): Instance =>
  change(row, now, { state: 'deleted', want: 'gone', ...deletion(now, by) });
