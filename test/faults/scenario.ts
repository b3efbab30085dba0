import type { Outcome } from '#contract/client.ts';
import type { Tenant } from './tenant.ts';

/** What is done while a call of it fails. */
export interface Act {
  /** The same request each time, with the same Idempotency-Key where it takes one. */
  readonly ask: () => Promise<Outcome<unknown>>;
  /** The refusal that is the right answer, where there is one. */
  readonly refusal?: string;
  /** What a repeated request is refused with when the first has had its effect, its answer being lost. */
  readonly done?: string;
  /** Expects what must be true once the request has been answered, whatever was lost on the way. */
  readonly check: (answer: Outcome<unknown>) => Promise<void>;
  /** Expects what must be true after two sweeps. */
  readonly settled?: () => Promise<void>;
}

/** A request of the product in a situation. */
export interface Scenario {
  readonly name: string;
  readonly begin: (tenant: Tenant) => Promise<Act>;
}

/** The header that makes repeating a request safe. */
export const onceOnly = (): { readonly 'idempotency-key': string } => ({ 'idempotency-key': crypto.randomUUID() });
