import type { Member } from './organization.ts';

declare const checked: unique symbol;

/**
 * The right to reach into one organization's rows. Only the membership check makes one (`shared/lambda`), before it
 * knows the answer: `member` rejects with `organization.not-found` or `role.insufficient`. Whoever reads by a scope
 * starts reading at once, and awaits `member` before it lets go of what it read; so the check costs no round trip.
 */
export interface OrgScope {
  readonly org: string;
  readonly member: Promise<Member>;
  readonly [checked]: true;
}
