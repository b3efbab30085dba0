import type { DueSubject } from './keys.ts';
import type { SystemScope } from './scope.ts';

/** A row that has to be looked at: what it is, since when, and the right to reach into its organization. */
export type Due = DueSubject & { readonly due_at: number; readonly scope: SystemScope | undefined };

/** What must be looked at again. */
export interface DueRows {
  /** Those due until `until`, oldest first, at most 1,000. A hint: read the row before deciding. */
  list(until: number, limit?: number): Promise<readonly Due[]>;
  /** Moves a due time, before acting on it, so that a crash leaves the row due again: false if the row has moved on. */
  postpone(due: DueSubject, from: number, to: number): Promise<boolean>;
}
