import type { Once } from './write.ts';

/** Requests that have had their effect. */
export interface Idempotency {
  /** The uid that a request with this key made (24 h); `idempotency.mismatch` if it was another request. */
  find(once: Once): Promise<string | undefined>;
}
