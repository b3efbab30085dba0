import type { Operation } from '#contract/operation.ts';
import type { Member } from '#domain/organization.ts';
import { type PermittedOperation, permissions, type Role, reaches } from '#domain/permissions.ts';
import { problem } from '#domain/problem.ts';
import type { User } from '#domain/user.ts';
import type { Access } from '#runtime/services/access.ts';
import { enough, type Limits, type Policy } from '#runtime/services/throttles.ts';
import type { Session } from '#runtime/token.ts';

/** What `RateLimit-*` says: how many, how many are left, and when there are more. */
export interface Rate {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly retryAfterSeconds: number;
}

/** Somebody who may do what they ask for. */
export interface Admission {
  readonly user: User | undefined;
  readonly member: Member | undefined;
  readonly rate: Rate | undefined;
}

const isPermitted = (id: string): id is PermittedOperation => Object.hasOwn(permissions, id);

/** Whether an operation is about one organization. */
export const inOrganization = (operation: Operation): boolean => /^\/org\/\{org_id\}(?:\/|$)/.test(operation.path);

/** Refuses to start where an operation inside an organization has no role in the table of permissions. */
export function assertPermitted(operation: Operation): void {
  if (inOrganization(operation) && !isPermitted(operation.id)) {
    throw new Error(`"${operation.id}" has no role: add it to shared/domain/permissions.ts.`);
  }
}

/** By which policy an operation is throttled, and whether for each user or for each network. */
export function policyOf(operation: Operation): { policy: Policy; by: 'user' | 'network' } | undefined {
  if (operation.id === 'auth.register') return { policy: 'register', by: 'network' };
  if (operation.id === 'auth.login') return { policy: 'login', by: 'network' };
  if (operation.id === 'agent.enroll') return { policy: 'enroll', by: 'network' };
  if (operation.audience === 'user' && operation.method === 'POST') return { policy: 'write', by: 'user' };
  return undefined;
}

/** What an admission is decided by. */
export interface AdmissionRequest {
  readonly operation: Operation;
  readonly session: Session | undefined;
  readonly org: string | undefined;
  readonly network: string;
  readonly access: Access | undefined;
  readonly limits: Limits | undefined;
  /** Told as soon as it is known, also to whoever is refused. */
  readonly onRate: (rate: Rate) => void;
}

/** Finds out in one wait whether somebody may do what they ask for: session, membership, role, rate. */
export async function admit(request: AdmissionRequest): Promise<Admission> {
  const { operation, session, org, network, access, limits, onRate } = request;
  const policy = policyOf(operation);
  const subject = policy?.by === 'user' ? session?.user : network;
  const [checked, rate] = await Promise.all([
    session && access?.check(session.user, org),
    policy && subject !== undefined ? limits?.take(policy.policy, subject) : undefined,
  ]);
  if (rate) onRate(rate);
  if (session && checked?.user?.token_version !== session.tokenVersion) {
    throw problem('token.invalid', 'The access token was ended. Log in again.');
  }
  if (org !== undefined) belongs(operation, checked?.member);
  if (rate) enough(rate);
  return { user: checked?.user, member: checked?.member, rate };
}

/** Refuses what takes another role. */
export function assertRole(role: Role, needed: Role, what = 'This'): void {
  if (reaches(role, needed)) return;
  throw problem('role.insufficient', `${what} needs the role "${needed}"; yours is "${role}".`);
}

function belongs(operation: Operation, member: Member | undefined): void {
  // The same words for what does not exist and for what is somebody else's.
  if (!member) throw problem('organization.not-found', 'There is no such organization among yours.');
  const needed = isPermitted(operation.id) ? permissions[operation.id] : 'owner';
  assertRole(member.role, needed);
}
