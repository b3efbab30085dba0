import { type Instance, isFinal } from '../instance.ts';
import { cleanupDelayMs } from './backoff.ts';
import { deadlineMs, firstRingMs, forgetAfterMs } from './deadlines.ts';
import { lifetimeDeadline } from './lifetime.ts';

/** How long to wait before the node is rung again: 15 s at first, then as long as it has waited, 15 min at most. */
const ringDelayMs = (waitedMs: number): number => Math.min(Math.max(waitedMs, firstRingMs), 900_000);

/** The time by which a request has to have come to something. */
export const requestDeadline = (row: Instance): number =>
  row.github_unavailable_since === undefined
    ? row.state_at + deadlineMs.requested
    : row.github_unavailable_since + deadlineMs.githubUnavailable;

/** Whether the runner at GitHub is to be deleted by the sweep: once nobody wants the instance, or it is final. */
export const isToForget = (row: Instance): boolean =>
  row.github_runner === 'registered' && (row.want === 'gone' || isFinal(row));

/** When its runner is to be deleted at GitHub, if it is to be. */
export const forgetAt = (row: Instance): number =>
  row.github_tried_at === undefined
    ? row.state_at + forgetAfterMs
    : row.github_tried_at + cleanupDelayMs(row.github_tries);

/** A time that has passed without consequence (a silent node, a try that was cut off) is looked at again in a minute. */
const ahead = (time: number, now: number): number => (time > now ? time : now + 60_000);

function liveDue(row: Instance, now: number): number | undefined {
  const by = (time: number) => ahead(time, now);
  const ring = now + ringDelayMs(now - row.state_at);
  if (row.state === 'requested') return Math.min(by(requestDeadline(row)), Math.max(ring, row.not_before ?? 0));
  if (row.state === 'pulling') return by(row.state_at + deadlineMs.pulling);
  if (row.state === 'claimed') return by((row.claim?.at ?? row.state_at) + deadlineMs.claimed);
  if (row.state === 'started') return by(row.state_at + deadlineMs.started);
  // A job may last five days, unless the runner gives its instances less.
  if (row.state === 'running') {
    const end = lifetimeDeadline(row);
    return end === undefined ? undefined : by(end);
  }
  return isToForget(row) ? Math.min(ring, by(forgetAt(row))) : ring;
}

/**
 * When the sweep must look again. Every row that is not at rest has a time, which alone makes "stuck" impossible. At rest
 * is what runs, and what is final once GitHub has forgotten its runner.
 */
export function dueOf(row: Instance, now: number): number | undefined {
  if (!isFinal(row)) return liveDue(row, now);
  return isToForget(row) ? ahead(forgetAt(row), now) : undefined;
}
