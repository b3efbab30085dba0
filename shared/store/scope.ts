import { orgId } from '#domain/organization.ts';
import type { OrgScope } from '#domain/scope.ts';

declare const found: unique symbol;

/**
 * The right of the control plane itself (a sync, the sweep) to reach into the organization that a row of the table
 * names. Only the store makes one, from a row that it has read: an agent's, or one that is due.
 */
export interface SystemScope {
  readonly org: string;
  readonly [found]: true;
}

/** Whoever may reach into an organization: a member, or the control plane itself. */
export type Scope = OrgScope | SystemScope;

/** Makes the scope that a row of the table stands for. */
export const systemScope = (org: string): SystemScope => Object.freeze({ org: orgId(org) }) as SystemScope;

/** Waits for the membership check, where there is one to wait for. */
export const admitted = async (scope: Scope): Promise<void> => {
  if ('member' in scope) await scope.member;
};

/**
 * Reads at once, and lets go of nothing before the membership is known: the check costs no round trip. Where both
 * fail, the membership's error wins, so that a stranger learns nothing of what was read.
 */
export async function within<T>(scope: Scope, read: Promise<T>): Promise<T> {
  const [member, result] = await Promise.allSettled([admitted(scope), read]);
  if (member.status === 'rejected') throw member.reason;
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
