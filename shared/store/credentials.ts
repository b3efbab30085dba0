import * as z from 'zod';
import type { Instance } from '#domain/instance.ts';
import { orgId } from '#domain/organization.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { type Scope, within } from './scope.ts';
import { put, type Step } from './steps.ts';

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

/** The step that stores the credential of an instance's claim, in the transition that says it was minted. */
export function credentialStep(link: Link, instance: Instance, { sealed, ttlSeconds }: CredentialDraft): Step {
  const { org, uid, generation, claim } = instance;
  const now = link.now();
  const credential = { org, instance: uid, generation, claim: claim?.id ?? '', sealed, created_at: now };
  return put(row.write(keys.credential(uid), credential, { expires_at: now + ttlSeconds * 1000 }));
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
