import * as z from 'zod';
import type { Page, PageOptions } from './page.ts';
import type { Scope } from './scope.ts';

/** What somebody did in an organization. */
export const AuditRecord = z.object({
  uid: z.string(),
  /** Who, by uid; `system` for the control plane itself. */
  actor: z.string(),
  request_id: z.string(),
  /** What, by operation id, such as `nodes.create`. */
  action: z.string(),
  /** To what, by uid. */
  target: z.string(),
  at: z.int(),
});
export type AuditRecord = z.output<typeof AuditRecord>;

/** The audit trail of an organization: append only, written in the transactions of what it tells. */
export interface Audit {
  /** Newest first. */
  list(scope: Scope, page?: PageOptions<AuditRecord>): Promise<Page<AuditRecord>>;
}
