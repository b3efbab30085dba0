import type { Member } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { User } from '#domain/user.ts';
import type { Actor } from './write.ts';

/** Who is in an organization. */
export interface Members {
  /** The membership check: the user (with token version) and their row in the organization, consistent, one wait. */
  check(user: string, org: string): Promise<{ readonly user: User | undefined; readonly member: Member | undefined }>;
  /** Adds a user to an organization, or changes their role there. */
  put(scope: OrgScope, user: string, role: Role, write: { readonly by: Actor }): Promise<Member>;
  /** Takes a user out of an organization: refused from their next request on. */
  remove(scope: OrgScope, user: string, write: { readonly by: Actor }): Promise<void>;
}
