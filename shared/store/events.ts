import * as z from 'zod';
import { orgId } from '#domain/organization.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { listRange } from './list.ts';
import type { Page, PageOptions } from './page.ts';
import { rowType } from './row.ts';
import { admitted, type Scope, within } from './scope.ts';
import { put, type Step } from './steps.ts';

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

/** An event that is to be recorded, at the time of recording unless `at` says otherwise. */
export type EventDraft = Pick<Event, 'subject' | 'code' | 'detail'> & {
  readonly data?: Event['data'];
  readonly at?: number;
};

const row = rowType('event', Event);
const lifeMs = 30 * 24 * 3600 * 1000;

/** The steps that record events, in the transaction of what they tell. */
export const eventSteps = (link: Link, org: string, events: readonly EventDraft[]): readonly Step[] =>
  events.map((event) => {
    const uid = link.newId();
    const now = link.now();
    return put(
      row.write(
        keys.event(event.subject, uid),
        { at: now, ...event, uid, org: orgId(org) },
        { expires_at: now + lifeMs },
      ),
    );
  });

/** What happened, kept for 30 days. */
export interface Events {
  record(scope: Scope, events: readonly EventDraft[]): Promise<void>;
  /** Newest first. The caller has checked that the subject is the organization's; others' events are left out anyway. */
  list(scope: Scope, subject: string, page?: PageOptions<Event>): Promise<Page<Event>>;
}

/** Makes the repository of events. */
export const events = (link: Link): Events => ({
  async record(scope, events) {
    await admitted(scope);
    for (const step of eventSteps(link, scope.org, events)) await link.write(step);
  },
  list: (scope, subject, { keep = () => true, ...page } = {}) => {
    const own = (event: Event) => event.org === orgId(scope.org) && keep(event);
    return within(scope, listRange(link, keys.events(subject), { ...page, keep: own }, row.read, true));
  },
});
