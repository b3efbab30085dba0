import type { Instance, Report } from '../instance.ts';
import { plainText } from '../plain-text.ts';
import type { JobResult } from '../runner-lines.ts';
import type { Why } from './change.ts';

/** What a node says of an instance. It is tenant data: bounded by the contract, and believed only as far as it may be. */
export interface Observed {
  /** That of the intent it acted on. */
  readonly generation: number;
  /** Among reports of one generation only a later one counts. */
  readonly seq: number;
  readonly state: Report['state'];
  /** The node's clock, epoch milliseconds. */
  readonly at: number;
  readonly job?: string | undefined;
  /** How `job` has ended; without it, it runs. */
  readonly job_result?: JobResult | undefined;
  readonly exit_code?: number | undefined;
  readonly reason?: Why | undefined;
  readonly retryable?: boolean | undefined;
  /** Of an end: a reboot of the node brought it, and the container can be started again. */
  readonly restartable?: boolean | undefined;
}

const code = /^[a-z][a-z0-9_]{0,62}$/;

/** A time by the node's clock, as far as it is possible. */
export const timeOf = (row: Instance, seen: Observed, now: number): number =>
  Math.min(Math.max(seen.at, row.created_at), now);

/** The node's reason, if it gives one that reads as one. */
export function reasonOf(seen: Observed, otherwise: Why): Why {
  if (!seen.reason || !code.test(seen.reason.code)) return otherwise;
  return { code: seen.reason.code, detail: plainText(seen.reason.detail).trim() || otherwise.detail };
}

/** The job that the node says is running. */
export const jobOf = (seen: Observed): string => plainText(seen.job ?? '').trim() || 'a job without a name';
