import * as z from 'zod';
import type { Page, PageOptions } from './page.ts';
import type { Scope } from './scope.ts';

/** What happened to an instance or a node. */
export const Event = z.object({
  uid: z.string(),
  org: z.string(),
  /** The uid of the instance or node. */
  subject: z.string(),
  code: z.string(),
  detail: z.string(),
  at: z.int(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type Event = z.output<typeof Event>;

/** An event that is to be recorded; the time is that of recording unless `at` says otherwise. */
export type EventDraft = Pick<Event, 'subject' | 'code' | 'detail' | 'data'> & { readonly at?: number };

/** What happened, kept for 30 days. */
export interface Events {
  record(scope: Scope, events: readonly EventDraft[]): Promise<void>;
  /** Newest first. The caller has checked that the subject is the organization's; others' events are left out anyway. */
  list(scope: Scope, subject: string, page?: PageOptions<Event>): Promise<Page<Event>>;
}
