import { type Instance, isFinal, isRestart } from '../instance.ts';
import type { ProblemCode } from '../problem.ts';
import { type At, giveUp } from './accept.ts';
import { unavailableDelayMs } from './backoff.ts';
import { askAgain, change, enter, type Why } from './change.ts';
import { leaseMs, maxAttempts } from './deadlines.ts';
import { nextNumber } from './generation.ts';

/** A node's wish to start what it was told. */
export interface ClaimRequest {
  readonly generation: number;
  readonly boot_id: string;
  /** The id of this claim. */
  readonly id: string;
  /** Whether GitHub will have a runner of it, that can be deleted there again. */
  readonly atGithub?: boolean;
}

/** The row of a claim that is granted, or why it is not. */
export type ClaimVerdict =
  | { readonly granted: Instance }
  | { readonly refused: Extract<ProblemCode, `claim.${string}`>; readonly detail: string; readonly waitMs?: number };

const unwanted = (detail: string): ClaimVerdict => ({ refused: 'claim.not-wanted', detail });
const wait = (detail: string, waitMs: number): ClaimVerdict => ({ refused: 'claim.wait', detail, waitMs });

/** Whether a node may start an instance now. Granting it keeps others out for 30 s. */
export function claim(
  row: Instance,
  { generation, boot_id, id, atGithub = false }: ClaimRequest,
  now: number,
): ClaimVerdict {
  if (isFinal(row) || row.want === 'gone' || row.state === 'ended') return unwanted('The instance is to be removed.');
  if (generation !== row.generation) return unwanted(`Generation ${row.generation} is wanted, not ${generation}.`);
  if (row.state === 'started' || row.state === 'running') {
    return { refused: 'claim.started', detail: 'The instance has started already.' };
  }
  const { not_before = 0 } = row;
  if (now < not_before) return wait('The next attempt is not due yet.', not_before - now);
  const leased = row.claim?.lease_until ?? 0;
  if (now < leased) return wait('Another claim of this start is under way.', leased - now);
  // In each boot it is another intent: what was reported in the one before can't end what runs in this one.
  const another = isRestart(row) && row.boot_id !== boot_id;
  const intent = another ? { generation: nextNumber(row.generation, now), report: undefined } : {};
  // Nothing is made for what starts again, so nobody has to be kept out while it is.
  const claimed = { id, boot_id, at: now, lease_until: isRestart(row) ? now : now + leaseMs, minted: false };
  // Said before it is done: if we die in between, the sweep finds nothing to delete, rather than never looking.
  const registered = atGithub ? ({ github_runner: 'registered' } as const) : {};
  const begun = { claim: claimed, claimed_at: now, boot_id, reason: undefined, not_before: undefined };
  return { granted: enter(row, now, 'claimed', { ...begun, ...intent, ...registered }) };
}

/** Whether one more credential may be made. */
export const mayMint = (row: Instance): boolean => row.attempts < maxAttempts;

/** The row once the claim has its credential: a fresh one is an attempt, one that is answered again is not. */
export const minted = (row: Instance, now: number, { fresh }: { readonly fresh: boolean }): Instance =>
  change(row, now, {
    // The lease ends here: whoever did not get the answer gets it by claiming again.
    claim: row.claim && { ...row.claim, minted: true, lease_until: now },
    attempts: row.attempts + (fresh ? 1 : 0),
    github_unavailable_since: undefined,
  });

/** The row after GitHub was unavailable: asked again later, without an attempt being used, for 6 h. */
export function githubUnavailable(row: Instance, { now, random }: At, why: Why, retryAfterMs = 0): Instance {
  const since = row.github_unavailable_since ?? now;
  const delay = Math.max(unavailableDelayMs(now - since, random), retryAfterMs);
  return askAgain(row, now, why, { not_before: now + delay, github_unavailable_since: since });
}

/** The row after GitHub has refused for good. */
export const githubRefused = (row: Instance, at: At, why: Why): Instance => giveUp(row, at, why);
