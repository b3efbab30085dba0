import { type Member, Organization, orgId } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { changeVersioned } from './change.ts';
import { absent, all, exists } from './expression.ts';
import { onceSteps } from './idempotency.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import { memberRow, memberSteps } from './members.ts';
import { type Page, type PageOptions, readPage } from './page.ts';
import { rowType } from './row.ts';
import { type Scope, within } from './scope.ts';
import { put, update } from './steps.ts';
import type { Changing, Created, Creating } from './write.ts';

/** What an organization is made from. */
export type OrganizationDraft = Pick<Organization, 'short_name' | 'name' | 'type'>;

/** An organization, and what its member may do there. */
export interface Membership {
  readonly organization: Organization;
  readonly role: Role;
}

/** Organizations. */
export interface Organizations {
  /**
   * Makes an organization whose owner is `write.by`: `organization.taken`, or with `onboarding` `onboarding.done` to
   * whoever has been in an organization before. One transaction.
   */
  create(draft: OrganizationDraft, write: Creating & { readonly onboarding: boolean }): Promise<Created<Organization>>;
  /** One consistent read; `organization.not-found`. */
  get(scope: Scope): Promise<Organization>;
  /** The organizations that a user is in: a query, and one batch for the names. */
  listOf(user: string, page?: PageOptions<Membership>): Promise<Page<Membership>>;
  /** Changes what `edit` says, after reading; `version.stale`. */
  change(
    scope: OrgScope,
    edit: (now: Organization) => Partial<Pick<Organization, 'name' | 'placement'>>,
    write: Changing,
  ): Promise<Organization>;
}

const organizationRow = rowType('organization', Organization);

const notFound = (org: string): Problem => problem('organization.not-found', `There is no organization "${org}".`);

/** Makes the repository of organizations. */
export const organizations = (link: Link): Organizations => ({
  async create({ short_name, name, type }, { by, once, onboarding }) {
    const now = link.now();
    const org = orgId(short_name);
    const organization: Organization = { short_name, name, type, version: 1, created_at: now };
    const owner: Member = { org, uid: by.uid, role: 'owner', created_at: now };

    const replayed = await link.transact([
      ...onceSteps(link, once, org),
      update(
        keys.user(by.uid),
        { keep: { onboarded_at: now } },
        onboarding ? all(exists(), absent('onboarded_at')) : exists(),
        () => problem('onboarding.done', 'You are in an organization already. Use `POST /org` to make another one.'),
      ),
      put(organizationRow.write(keys.organization(org), organization), absent(), () =>
        problem('organization.taken', `The short name "${short_name}" is taken. Choose another one.`),
      ),
      put({ ...keys.counters(org), row_type: 'counters', schema_version: 1, nodes: 0, runners: 0, instances: 0 }),
      ...memberSteps(owner),
      auditStep(link, org, by, onboarding ? 'onboarding.create' : 'organizations.create', org),
    ]);
    if (!replayed) return { created: organization, replayed: false };

    const [row, member] = await link.getMany([
      keys.organization(replayed.replay),
      keys.member(replayed.replay, by.uid),
    ]);
    if (!row || !member) throw notFound(replayed.replay);
    return { created: organizationRow.read(row), replayed: true };
  },

  async get(scope) {
    const row = await within(scope, link.get(keys.organization(scope.org)));
    if (!row) throw notFound(scope.org);
    return organizationRow.read(row);
  },

  listOf: (user, page = {}) =>
    readPage(page, async (after, limit) => {
      const range = keys.userOrganizations(user);
      const { rows, last } = await readRange(link, range, after, limit);
      const memberships = rows.map((row) => ({ end: endOf(range, row), member: memberRow.read(row) }));
      const named = await link.getMany(memberships.map(({ member }) => keys.organization(member.org)));
      const entries = memberships.flatMap(({ end, member }, index) => {
        const row = named[index];
        return row ? [{ end, item: { organization: organizationRow.read(row), role: member.role } }] : [];
      });
      return { entries, ...(last !== undefined && { last }) };
    }),

  change: (scope, edit, write) =>
    changeVersioned(link, {
      scope,
      key: keys.organization(scope.org),
      read: organizationRow.read,
      missing: () => notFound(scope.org),
      edit,
      write,
      action: 'organizations.change',
      target: orgId(scope.org),
    }),
});
