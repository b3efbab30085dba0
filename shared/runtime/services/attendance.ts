import * as z from 'zod';
import { isCloned, type NodeFacts } from '#domain/node.ts';
import { eventsOfSync } from '#domain/node-events.ts';
import type { SystemScope } from '#store/scope.ts';
import { service } from '../service.ts';
import { table } from './table.ts';

/** What a node says of itself at each sync. */
export interface Attending {
  readonly boot_id: string;
  readonly agent_version: string;
  readonly poll_seconds: number;
  readonly bell?: string | undefined;
  readonly facts?: NodeFacts | undefined;
  readonly engine?: { readonly available: boolean } | undefined;
}

/** What follows for the answer. */
export type Attended = { readonly reap: boolean } | 'deleted';

/** Keeps the roster of nodes: when each was here last. */
export interface Attendance {
  /** Notes a sync, in one small write; what is not as it was at the one before is an event. */
  note(scope: SystemScope, node: string, said: Attending): Promise<Attended>;
}

/** Keeps the roster of nodes. */
export const attendance = service({
  id: 'attendance',
  config: z.object({}),
  uses: [table],
  open: (_config, { use, clock, log }): Attendance => {
    const { agents, events } = use(table);
    return {
      async note(scope, node, { boot_id, agent_version, poll_seconds, bell, facts }) {
        const said = { boot_id, agent_version, poll_seconds, bell, facts };
        const before = await agents.seen(scope, node, said);
        if (!before) return 'deleted';
        const now = clock.now();
        const restarted = before.boot_id !== boot_id;
        const cloned = restarted && before.previous_boot_id === boot_id;
        if (restarted) {
          const left = { previous_boot_id: before.boot_id, previous_seen_at: before.seen_at };
          const since = (isCloned(before, now) && before.cloned_since) || now;
          const known = { ...left, ...(cloned && { cloned_at: now, cloned_since: since }) };
          await agents.seen(scope, node, { ...said, ...known });
        }
        if (cloned && !isCloned(before, now)) log.warn('two machines use the token of one node', { node });
        const news = eventsOfSync(before, { boot_id, agent_version, cloned, facts }, now);
        if (news.length > 0) await events.record(scope, news);
        // What is not listed may be the other one's.
        return { reap: !cloned && !isCloned(before, now) };
      },
    };
  },
});
