import * as z from 'zod';
import { connectionOf, isCloned, type NodeFacts } from '#domain/node.ts';
import type { EventDraft } from '#store/events.ts';
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
  /** Notes a sync, in one small write; one that ends a silence is an event, with how long it was. */
  note(scope: SystemScope, node: string, said: Attending): Promise<Attended>;
}

const minutes = (ms: number): string => `${Math.max(1, Math.round(ms / 60_000))} min`;

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
        const news: EventDraft[] = [];
        if (connectionOf(before, now) !== 'online') {
          const silentMs = now - before.seen_at;
          const detail = `The node is back after ${minutes(silentMs)} of silence.`;
          news.push({ subject: node, code: 'node_back', detail, data: { silent_ms: silentMs } });
        }
        const restarted = before.boot_id !== boot_id;
        const cloned = restarted && before.previous_boot_id === boot_id;
        if (restarted) {
          const known = { previous_boot_id: before.boot_id, ...(cloned && { cloned_at: now }) };
          await agents.seen(scope, node, { ...said, ...known });
        }
        if (cloned && !isCloned(before, now)) {
          const detail = 'Two machines use the token of this node: enroll one of them as a node of its own.';
          news.push({ subject: node, code: 'node_cloned', detail });
          log.warn('two machines use the token of one node', { node });
        }
        if (news.length > 0) await events.record(scope, news);
        // What is not listed may be the other one's.
        return { reap: !cloned && !isCloned(before, now) };
      },
    };
  },
});
