import * as z from 'zod';
import { besides } from '#domain/instance/events.ts';
import type { InstanceEvent } from '#domain/instance/history.ts';
import { orgId } from '#domain/organization.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import { type Page, type PageOptions, readPage } from './page.ts';
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
  /** Who did it, by uid, where it was somebody. */
  by: z.string().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
export type Event = z.output<typeof Event>;

/** An event that is to be recorded, at the time of recording unless `at` says otherwise. */
export type EventDraft = Pick<Event, 'subject' | 'code' | 'detail'> & {
  readonly by?: Event['by'];
  readonly data?: Event['data'];
  readonly at?: number;
};

/** An event of a list; those that are told by a row have no uid. */
export type ListedEvent = Omit<InstanceEvent, 'subject'>;

/** Which part of the list of events. */
export interface EventPageOptions extends Omit<PageOptions<ListedEvent>, 'keep'> {
  /** What the instance's row tells besides, oldest first; read before. */
  readonly told?: readonly InstanceEvent[] | undefined;
}

const row = rowType('event', Event);
const lifeMs = 30 * 24 * 3600 * 1000;

/** The steps that record events, in the transaction of what they tell. */
export const eventSteps = (link: Link, org: string, events: readonly EventDraft[]): readonly Step[] =>
  events.map((draft) => {
    const uid = link.newId();
    const now = link.now();
    const event = { at: now, ...draft, uid, org: orgId(org) };
    return put(row.write(keys.event(event.subject, event.at, uid), event, { expires_at: now + lifeMs }));
  });

/** What happened, kept for 30 days. */
export interface Events {
  record(scope: Scope, events: readonly EventDraft[]): Promise<void>;
  /**
   * Oldest first, in one wait. The caller has checked that the subject is the organization's; others' events are left
   * out anyway.
   */
  list(scope: Scope, subject: string, page?: EventPageOptions): Promise<Page<ListedEvent>>;
}

/** Makes the repository of events. */
export const events = (link: Link): Events => ({
  async record(scope, events) {
    await admitted(scope);
    for (const step of eventSteps(link, scope.org, events)) await link.write(step);
  },

  list: (scope, subject, { told = [], ...page } = {}) => {
    const range = keys.events(subject);
    // Where the row's own events stand among the recorded ones: before those of the same millisecond.
    const own = told.map((item, index) => ({
      end: keys.event(subject, item.at, String(index).padStart(3, '0')).sk,
      item,
    }));
    const read = async (after: string | undefined, limit: number) => {
      const { rows, last } = await readRange(link, range, after, limit);
      const found = rows.map((one) => ({ end: endOf(range, one), item: row.read(one) }));
      const here = own.filter(({ end }) => end > (after ?? '') && (last === undefined || end <= last));
      const left = besides(
        found.map(({ item }) => item),
        here.map(({ item }) => item),
      );
      const entries = [
        ...found.filter(({ item }) => item.org === orgId(scope.org)),
        ...here.filter(({ item }) => left.includes(item)),
      ];
      return { entries: entries.sort((a, b) => (a.end < b.end ? -1 : 1)), ...(last !== undefined && { last }) };
    };
    return within(scope, readPage<ListedEvent>(page, read));
  },
});
