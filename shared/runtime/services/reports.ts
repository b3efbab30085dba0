import * as z from 'zod';
import { accept } from '#domain/instance/accept.ts';
import { isForeignEnd, withoutEnds } from '#domain/instance/foreign.ts';
import { latenciesOf } from '#domain/instance/latency.ts';
import { newsOf, type Report } from '#domain/instance/news.ts';
import { type Instance, type Placement, placementOf } from '#domain/instance.ts';
import { settlesInMs } from '#domain/node.ts';
import { newsForRunner } from '#domain/replacement/news.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { metrics } from './metrics.ts';
import { table } from './table.ts';

/** What a node is told after what it said, and which runners an end was news for, as they keep a number alive. */
export interface Taken {
  readonly placements: readonly Placement[];
  /** Not all of it was taken, and is to be said again after so long; 0: all was. */
  readonly doubtMs: number;
  readonly runners: readonly string[];
}

/** What a node says, and in which boot of its machine. */
export interface Said {
  readonly boot_id: string;
  readonly observed: readonly Report[];
}

/** Takes what nodes say. */
export interface Reports {
  /**
   * Takes a node's reports: its placements as they are then. That what was started in another boot has ended counts only
   * from a machine that is known to be the only one with its token: one with a copy of its disk would say so too.
   */
  take(scope: Scope, node: string, placements: readonly Placement[], said: Said): Promise<Taken>;
}

/** Ends of instances meet at the rows that count them: more at once would only wait for each other. */
const atOnce = 4;

/** Takes the reports of nodes. */
export const reports = service({
  id: 'reports',
  config: z.object({}),
  uses: [table, instances, metrics],
  open: (_config, { use, clock, log }): Reports => {
    const { instances: rows, nodes, events } = use(table);
    const changes = use(instances);

    async function takeOf(scope: Scope, row: Instance, told: readonly Report[]) {
      let before = row;
      const decide = (now: Instance): Instance => {
        before = now;
        const at = { now: clock.now(), random: Math.random };
        return told.reduce((one, report) => accept(one, report, at), now);
      };
      const after = await changes.change(scope, row, decide);
      if (!after) return { after, wakes: false };
      const now = clock.now();
      for (const [sli, ms] of latenciesOf(before, after, now)) use(metrics).record(sli, ms);
      return { after, wakes: newsForRunner(before, after, now).wakes };
    }

    async function doubtOf(scope: Scope, node: string, boot_id: string): Promise<number> {
      const roster = (await nodes.getMany(scope, [node])).get(node)?.roster;
      return roster ? settlesInMs(roster, boot_id, clock.now()) : 0;
    }

    return {
      async take(scope, node, placements, { boot_id, observed }) {
        const { of, orphans } = newsOf(placements, observed);
        if (orphans.length > 0) {
          use(metrics).record('orphans', orphans.length);
          log.warn('a node removed containers that nobody had listed', { node, count: orphans.length });
          const detail = `Removed without having been listed: ${orphans.slice(0, 20).join(', ')}.`;
          await events.record(scope, [{ subject: node, code: 'containers_unlisted', detail }]);
        }
        if (of.size === 0) return { placements, doubtMs: 0, runners: [] };
        const found = await rows.getMany(
          scope,
          placements.filter(({ uid }) => of.has(uid)),
        );
        const told = new Map<string, Placement | undefined>();
        const runners = new Set<string>();
        // The placements say so too; but what the node may touch is decided by the row.
        const mine = found.filter((row) => row.node === node);
        const toldOf = (row: Instance) => of.get(row.uid) ?? [];
        const foreign = mine.filter((row) => isForeignEnd(row, toldOf(row), boot_id));
        const doubtMs = foreign.length === 0 ? 0 : await doubtOf(scope, node, boot_id);
        const taken = (row: Instance) =>
          doubtMs > 0 && foreign.includes(row) ? withoutEnds(toldOf(row)) : toldOf(row);
        for (let at = 0; at < mine.length; at += atOnce) {
          await Promise.all(
            mine.slice(at, at + atOnce).map(async (row) => {
              const { after, wakes } = await takeOf(scope, row, taken(row));
              if (wakes) runners.add(row.runner);
              told.set(row.uid, after && placementOf(after));
            }),
          );
        }
        const left = placements.flatMap((one) => (told.has(one.uid) ? (told.get(one.uid) ?? []) : one));
        return { placements: left, doubtMs, runners: [...runners] };
      },
    };
  },
});
