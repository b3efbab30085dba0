import { type Instance, isFinal, isRestart, type Report } from '../instance.ts';
import { attemptDelayMs, type Random } from './backoff.ts';
import { askAgain, type Changes, change, end, enter, fail, finish, jobDone, type Why } from './change.ts';
import { maxAttempts } from './deadlines.ts';
import { nextNumber } from './generation.ts';
import { jobOf, type Observed, reasonOf, timeOf } from './observation.ts';

/** What deciding on a report needs besides it. */
export interface At {
  readonly now: number;
  readonly random: Random;
  /** The last sync of the instance's node, where it is not now. */
  readonly seenAt?: number | undefined;
}

const before = (row: Instance, ...states: readonly Instance['state'][]): boolean => states.includes(row.state);

const isRepeat = (report: Report | undefined, seen: Observed): boolean =>
  report?.seq === seen.seq && report.state === seen.state;

/** The row as it is once it has no more attempts, or is refused for good. */
export const giveUp = (row: Instance, { now, seenAt = now }: At, why: Why): Instance => fail(row, now, why, seenAt);

const usedUp = ({ code, detail }: Why): Why => ({
  code,
  detail: `${detail} It was tried ${maxAttempts} times. Mend that, and create a new instance.`,
});

/** Another attempt, later, unless they are used up. A refusal after a claim that minted is the same attempt. */
export function tryAgain(row: Instance, at: At, why: Why, changes: Changes): Instance {
  const { now, random } = at;
  const attempts = row.attempts + (row.claim?.minted ? 0 : 1);
  if (attempts >= maxAttempts) return giveUp(change(row, now, { ...changes, attempts }), at, usedUp(why));
  return askAgain(row, now, why, { ...changes, attempts, not_before: now + attemptDelayMs(attempts, random) });
}

function refuse(row: Instance, seen: Observed, at: At, news: Changes): Instance {
  const why = reasonOf(seen, { code: 'start_refused', detail: `Node ${row.node_name} could not start the container.` });
  if (seen.retryable) return tryAgain(row, at, why, news);
  return giveUp(change(row, at.now, news), at, why);
}

function exit(row: Instance, seen: Observed, now: number, news: Changes): Instance {
  const with_ = seen.exit_code === undefined ? '' : ` with code ${seen.exit_code}`;
  const why = reasonOf(seen, { code: 'exited', detail: `The runner ended${with_}. Its log tells more.` });
  const ended_at = timeOf(row, seen, now);
  // A job cannot run without a runner that listened: the report of that may have been lost.
  const listening_at = row.listening_at ?? (seen.job === undefined ? undefined : ended_at);
  const job = jobEnd(row, seen, ended_at);
  return end(row, now, why, { ...news, ...job, ended_at, exit_code: seen.exit_code, listening_at });
}

/**
 * A reboot took it down, and it has a registration of its own: its container is to be started again, as a start like any
 * other. What was reported before the reboot is about another intent from here on, so it can't end what runs again.
 */
function startAgain(row: Instance, seen: Observed, now: number, news: Changes): Instance {
  if (isRestart(row)) return row;
  const why = reasonOf(seen, { code: 'node_rebooted', detail: `${row.node_name} was restarted.` });
  return askAgain(row, now, why, {
    ...news,
    ...spent,
    ...jobEnd(row, seen, timeOf(row, seen, now)),
    generation: nextNumber(row.generation, now),
    report: undefined,
    attempts: 0,
    boot_id: undefined,
    rebooted: { at: now, ...(row.job && { job: row.job.name }) },
    restarted_at: undefined,
  });
}

/** When its container has started: the first time, and again after a reboot. */
const begun = (row: Instance, at: number): Changes => ({
  started_at: row.started_at ?? at,
  ...(isRestart(row) && { restarted_at: at }),
});

/** The job that a report ends, or tells of for the first time after its end. */
function jobEnd(row: Instance, seen: Observed, at: number): Changes {
  const { job_result: result } = seen;
  if (row.job) return jobDone(row, { ended_at: at, result });
  if (result === undefined || row.last_job !== undefined) return {};
  return { last_job: { name: jobOf(seen), ended_at: at, result } };
}

/** Its runner listens, or runs a job. The first such report counts in any order, later ones in theirs. */
function run(row: Instance, seen: Observed, now: number, later: boolean, news: Changes): Instance {
  const at = timeOf(row, seen, now);
  const job = seen.state === 'busy' ? { name: jobOf(seen), started_at: at } : undefined;
  const started = begun(row, at);
  // The first time since its container has started, or was started again.
  const listened =
    row.listening_at !== undefined && row.listening_at >= (started.restarted_at ?? row.restarted_at ?? 0);
  const reached = { ...started, listening_at: listened ? row.listening_at : at };
  const done = job && !row.job ? {} : jobEnd(row, seen, at);
  if (!before(row, 'running')) return enter(row, now, 'running', { ...news, ...spent, ...reached, ...done, job });
  // That it has listened is told again before its end, even of one that ends with its job.
  const retold = job === undefined && at === row.listening_at && at < (row.job?.started_at ?? at);
  if (!later || retold || row.job?.name === job?.name) return row;
  return change(row, now, { ...news, ...done, job });
}

/** What is over once the container has started. */
const spent = {
  claim: undefined,
  not_before: undefined,
  github_unavailable_since: undefined,
  reason: undefined,
} as const;

/**
 * What becomes of an instance by a report of its node; the same row, if it changes nothing. Only reports of the current
 * generation count. Every report may be lost, repeated or late: so a container's start, its runner's first listening and
 * its end count whenever they are told, and only what is shown in between (busy or not) follows the sequence.
 */
export function accept(row: Instance, seen: Observed, { now, random }: At): Instance {
  if (isFinal(row) || seen.generation !== row.generation || isRepeat(row.report, seen)) return row;
  const report = { seq: seen.seq, state: seen.state, at: now };
  const news: Changes = { report, reported_at: row.reported_at ?? now };

  if (row.want === 'gone' || row.state === 'ended') {
    return seen.state === 'gone' ? finish(change(row, now, news), now) : row;
  }
  const later = seen.seq > (row.report?.seq ?? -1);
  const unstarted = before(row, 'requested', 'pulling', 'claimed');
  switch (seen.state) {
    case 'created':
      return before(row, 'claimed') && later
        ? change(row, now, { ...news, container_at: timeOf(row, seen, now) })
        : row;
    case 'pulling':
      return before(row, 'requested') && later
        ? enter(row, now, 'pulling', { ...news, reason: undefined, pulling_at: now })
        : row;
    case 'refused':
      return unstarted && later ? refuse(row, seen, { now, random }, news) : row;
    case 'running': {
      const started = begun(row, timeOf(row, seen, now));
      return unstarted ? enter(row, now, 'started', { ...news, ...spent, ...started }) : row;
    }
    case 'listening':
    case 'busy':
      return run(row, seen, now, later, news);
    case 'exited':
      return seen.restartable && !row.ephemeral ? startAgain(row, seen, now, news) : exit(row, seen, now, news);
    case 'gone':
      // It ran, and is not there any more: somebody has removed it.
      return unstarted && !isRestart(row) ? row : end(row, now, vanished(row), news);
  }
}

const vanished = (row: Instance): Why => ({
  code: 'vanished',
  detail: `The container was removed on ${row.node_name} by somebody else. Create a new instance if it is still needed.`,
});
