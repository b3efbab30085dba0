import { type Instance, isBusy, isFinal, isRestart } from '../instance.ts';
import { connectionOf, type Roster } from '../node.ts';
import { type At, giveUp, tryAgain } from './accept.ts';
import { change, fail, type Why } from './change.ts';
import { deadlineMs, firstRingMs } from './deadlines.ts';
import { forgetAt, isToForget, requestDeadline } from './due.ts';
import { expire } from './expire.ts';
import { lifetimeDeadline } from './lifetime.ts';
import { neverConnected, silent } from './sentences.ts';

/** The last sync of the instance's node; undefined if it has never enrolled. */
export type LastSync =
  | (Pick<Roster, 'seen_at' | 'poll_seconds'> & Partial<Pick<Roster, 'boot_id' | 'previous_seen_at' | 'cloned_at'>>)
  | undefined;

/** When a decision is made, and whether what nobody asks for is held at the time. */
export type Moment = At & { readonly held?: boolean };

/** What is to be done about an instance that is due. */
export interface Decision {
  /** The row as it is to be; always with another due time. */
  readonly row: Instance;
  /** Whether its node has something to do, and is to be rung. */
  readonly ring: boolean;
  /** Whether its runner is to be deleted at GitHub now. */
  readonly forget: boolean;
  /** Whether GitHub has to have forgotten its runner before: it may have given it a job at this moment. */
  readonly unlessBusy: boolean;
  /** What somebody who runs the service should know. */
  readonly alarm?: string;
}

const timedOut = (row: Instance, minutes: number): Why => ({
  code: 'provision_timeout',
  detail: `${row.node_name} did not start the instance within ${minutes} minutes. Look at its agent's log, then create a new one.`,
});

function requestOverdue(row: Instance, roster: LastSync, at: At): Instance {
  const { now } = at;
  if (row.github_unavailable_since !== undefined && row.reason) return giveUp(row, at, row.reason);
  if (!roster) return fail(row, now, neverConnected(row), undefined);
  if (roster.seen_at < row.state_at) return fail(row, now, silent(row, roster.seen_at), roster.seen_at);
  return fail(row, now, timedOut(row, 15), roster.seen_at);
}

/** What a passed deadline makes of a live row; the same row where nothing follows from it. */
function overdue(row: Instance, roster: LastSync, { now, random }: At): Instance {
  const seenAt = roster?.seen_at ?? 0;
  const at = { now, random, seenAt: roster?.seen_at };
  const passed = (deadline: number) => now >= deadline;
  // A node that is silent proves nothing: it has to have synced after the deadline without telling of progress.
  const passedForBoth = (deadline: number) => passed(deadline) && seenAt >= deadline;

  // What is to run again can't be replaced: its token has expired. So it is not given up for the silence of its node.
  const waited = isRestart(row) ? passedForBoth : passed;
  if (row.state === 'requested' && waited(requestDeadline(row))) return requestOverdue(row, roster, at);
  if (row.state === 'pulling' && passed(row.state_at + deadlineMs.pulling)) {
    return fail(row, now, pullTimeout(row), roster?.seen_at);
  }
  if (row.state === 'claimed' && passedForBoth((row.claim?.at ?? row.state_at) + deadlineMs.claimed)) {
    return tryAgain(row, at, startTimeout(row), {});
  }
  if (row.state === 'started' && passedForBoth(row.state_at + deadlineMs.started)) {
    return fail(row, now, neverListened, roster?.seen_at);
  }
  if (row.state === 'running' && passed(lifetimeDeadline(row) ?? Number.POSITIVE_INFINITY)) {
    return expire(row, now, roster?.seen_at);
  }
  return row;
}

const pullTimeout = (row: Instance): Why => ({
  code: 'pull_timeout',
  detail: `${row.node_name} could not pull ${row.image} within 30 minutes. Pull it there by hand, or use a smaller image or a nearer registry.`,
});

const startTimeout = (row: Instance): Why => ({
  code: 'start_timeout',
  detail: `${row.node_name} did not start the container within 90 seconds of claiming it.`,
});

const neverListened: Why = {
  code: 'never_listened',
  detail: 'The container ran for 5 minutes without its runner listening for jobs. Its log tells what it did instead.',
};

const waits: readonly Instance['state'][] = ['requested', 'ended', 'failing', 'deleting'];
const leaves: readonly Instance['state'][] = ['ended', 'failing', 'deleting'];

function alarmOf(row: Instance, roster: LastSync, now: number): string | undefined {
  const late = leaves.includes(row.state) && now - row.state_at >= deadlineMs.removal;
  if (!late || connectionOf(roster, now) !== 'online') return undefined;
  return 'A node that syncs does not confirm a removal.';
}

/**
 * What is to be done about an instance at this time. Silence of the node changes what is shown, and never what is done,
 * but for what has not been claimed by anybody. While reaping is held nothing is given up, and nothing is forgotten at
 * GitHub: the row may be older than what its node and GitHub know.
 */
export function decide(row: Instance, roster: LastSync, at: Moment): Decision {
  const { now, held = false } = at;
  const found = isFinal(row) ? row : overdue(row, roster, at);
  const decided = held && found.want !== row.want ? row : found;
  const next = decided === row ? change(row, now, {}) : decided;
  const waiting = waits.includes(next.state) && (next.not_before ?? 0) <= now;
  const alarm = alarmOf(next, roster, now);
  return {
    row: next,
    ring: waiting && (next.state !== row.state || now - next.state_at >= firstRingMs),
    forget: !held && isToForget(next) && now >= forgetAt(next),
    unlessBusy: row.state === 'running' && !isBusy(row) && next.state === 'failing',
    ...(alarm === undefined ? {} : { alarm }),
  };
}
