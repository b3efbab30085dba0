import * as z from 'zod';
import type { Scope } from './scope.ts';

/** The credential of a claim, sealed; good for one start. */
export const ClaimCredential = z.object({
  org: z.string(),
  instance: z.string(),
  generation: z.int(),
  claim_id: z.string(),
  sealed: z.string(),
  created_at: z.int(),
});
export type ClaimCredential = z.output<typeof ClaimCredential>;

/** What is stored with a claim; it is gone after `ttlSeconds`, or with the first report that the container runs. */
export type CredentialDraft = Pick<ClaimCredential, 'instance' | 'generation' | 'claim_id' | 'sealed'> & {
  readonly runner: string;
  readonly ttlSeconds: number;
};

/** Credentials between claim and start. */
export interface Credentials {
  /** Stores it if the instance's claim and generation are still these: false otherwise. One transaction. */
  put(scope: Scope, draft: CredentialDraft): Promise<boolean>;
  find(scope: Scope, instance: string): Promise<ClaimCredential | undefined>;
  remove(scope: Scope, instance: string): Promise<void>;
}
