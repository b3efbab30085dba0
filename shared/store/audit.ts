import * as z from 'zod';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { listRange } from './list.ts';
import type { Page, PageOptions } from './page.ts';
import { rowType } from './row.ts';
import { type Scope, within } from './scope.ts';
import { put, type Step } from './steps.ts';
import type { Actor } from './write.ts';

/** What somebody did in an organization. */
export const AuditRecord = z.object({
  uid: z.string(),
  /** Who, by uid. */
  actor: z.string(),
  request_id: z.string(),
  /** What, by operation id, such as `nodes.create`. */
  action: z.string(),
  /** To what, by uid. */
  target: z.string(),
  at: z.int(),
});
export type AuditRecord = z.output<typeof AuditRecord>;

const row = rowType('audit', AuditRecord);

/** The step that writes the audit trail, in the transaction of what it tells. */
export function auditStep(link: Link, org: string, by: Actor, action: string, target: string): Step {
  const uid = link.newId();
  const record = { uid, actor: by.uid, request_id: by.request_id, action, target, at: link.now() };
  return put(row.write(keys.audit(org, uid), record));
}

/** The audit trail of an organization: append only. */
export interface Audit {
  /** Newest first. */
  list(scope: Scope, page?: PageOptions<AuditRecord>): Promise<Page<AuditRecord>>;
}

/** Makes the repository of the audit trail. */
export const audit = (link: Link): Audit => ({
  list: (scope, page = {}) => within(scope, listRange(link, keys.audits(scope.org), page, row.read, true)),
});
