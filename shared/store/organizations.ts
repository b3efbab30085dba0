import type { Organization } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Page, PageOptions } from './page.ts';
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
  get(scope: OrgScope): Promise<Organization>;
  /** The organizations that a user is in: a query, and one batch for the names. */
  listOf(user: string, page?: PageOptions<Membership>): Promise<Page<Membership>>;
  /** Changes what `edit` says, after reading; `version.stale`. */
  change(
    scope: OrgScope,
    edit: (now: Organization) => Partial<Pick<Organization, 'name'>>,
    write: Changing,
  ): Promise<Organization>;
}
