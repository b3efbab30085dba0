import { Member, orgId } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import { problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { User } from '#domain/user.ts';
import { auditStep } from './audit.ts';
import { exists } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { put, remove, type Step, update } from './steps.ts';
import { readUser } from './users.ts';
import type { Actor } from './write.ts';

/** Rows of memberships: the same from the organization's side and from the user's. */
export const memberRow = rowType('member', Member);

/** Who is in an organization. */
export interface Members {
  /** The membership check: the user (with token version) and their row in the organization, consistent, one wait. */
  check(user: string, org: string): Promise<{ readonly user: User | undefined; readonly member: Member | undefined }>;
  /** Adds a user to an organization, or changes their role there. */
  put(scope: OrgScope, user: string, role: Role, write: { readonly by: Actor }): Promise<Member>;
  /** Takes a user out of an organization: refused from their next request on. */
  remove(scope: OrgScope, user: string, write: { readonly by: Actor }): Promise<void>;
}

/** The steps that make somebody a member: both sides, and the user has been in an organization from now on. */
export const memberSteps = (member: Member): readonly Step[] => [
  put(memberRow.write(keys.member(member.org, member.uid), member)),
  put(memberRow.write(keys.userOrganization(member.uid, member.org), member)),
];

/** Makes the repository of memberships. */
export const members = (link: Link): Members => ({
  async check(user, org) {
    const [userRow, row] = await link.getMany([keys.user(user), keys.member(org, user)]);
    return { user: userRow && readUser(userRow), member: row && memberRow.read(row) };
  },

  async put(scope, user, role, { by }) {
    await scope.member;
    const now = link.now();
    const member: Member = { org: orgId(scope.org), uid: user, role, created_at: now };
    await link.transact([
      update(keys.user(user), { keep: { onboarded_at: now } }, exists(), () =>
        problem('request.invalid', `There is no user "${user}".`),
      ),
      ...memberSteps(member),
      auditStep(link, scope.org, by, 'members.put', user),
    ]);
    return member;
  },

  async remove(scope, user, { by }) {
    await scope.member;
    await link.transact([
      remove(keys.member(scope.org, user)),
      remove(keys.userOrganization(user, scope.org)),
      auditStep(link, scope.org, by, 'members.remove', user),
    ]);
  },
});
