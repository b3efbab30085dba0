import * as z from 'zod';
import type { Claim, Instance } from '#domain/instance.ts';
import { orgId } from '#domain/organization.ts';
import { absent, any, expired, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { type Scope, within } from './scope.ts';
import { put, remove } from './steps.ts';

/** The credential of a claim, sealed; good for one start. */
export const ClaimCredential = z.object({
  org: z.string(),
  instance: z.string(),
  generation: z.int(),
  claim: z.string(),
  sealed: z.string(),
  created_at: z.int(),
});
export type ClaimCredential = z.output<typeof ClaimCredential>;

/** What a transition stores of a claim; it is gone after `ttlSeconds`, or with the first report that the container runs. */
export interface CredentialDraft {
  readonly sealed: string;
  readonly ttlSeconds: number;
}

const row = rowType('credential', ClaimCredential);

/**
 * Stores the credential of an instance's claim: false if a later claim has stored one. Ids of claims are UUIDv7, so that
 * later ones are greater.
 */
export async function storeCredential(
  link: Link,
  { org, uid, generation }: Instance,
  claim: Claim,
  { sealed, ttlSeconds }: CredentialDraft,
): Promise<boolean> {
  const now = link.now();
  const credential = { org, instance: uid, generation, claim: claim.id, sealed, created_at: now };
  const newest = any(absent(), expired(now), is('claim', '<=', claim.id));
  const stored = row.write(keys.credential(uid), credential, { expires_at: now + ttlSeconds * 1000 });
  return (await link.write(put(stored, newest, () => 'late' as const))).done;
}

/** Removes the credential of an instance, or only that of one claim. */
export async function forgetCredential(link: Link, instance: string, claim?: string): Promise<void> {
  const where = claim === undefined ? undefined : is('claim', '=', claim);
  await link.write(remove(keys.credential(instance), where, () => 'another' as const));
}

/** Credentials between claim and start. */
export interface Credentials {
  /** That of an instance's last claim, if it is there still. */
  find(scope: Scope, instance: string): Promise<ClaimCredential | undefined>;
}

/** Makes the repository of credentials. */
export const credentials = (link: Link): Credentials => ({
  async find(scope, instance) {
    const found = await within(scope, link.get(keys.credential(instance)));
    const credential = found && row.read(found);
    return credential?.org === orgId(scope.org) ? credential : undefined;
  },
});
