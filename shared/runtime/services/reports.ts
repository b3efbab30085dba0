import * as z from 'zod';
import { accept } from '#domain/instance/accept.ts';
import { latenciesOf } from '#domain/instance/latency.ts';
import { newsOf, type Report } from '#domain/instance/news.ts';
import { type Instance, type Placement, placementOf } from '#domain/instance.ts';
import { newsForRunner } from '#domain/replacement/news.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { metrics } from './metrics.ts';
import { table } from './table.ts';

/** What a node is told after what it said, and which runners an end was news for, as they keep a number alive. */
export interface Taken {
  readonly placements: readonly Placement[];
  readonly runners: readonly string[];
}

/** Takes what nodes say. */
export interface Reports {
  /** Takes a node's reports: its placements as they are then. */
  take(scope: Scope, node: string, placements: readonly Placement[], observed: readonly Report[]): Promise<Taken>;
}

/** Ends of instances meet at the rows that count them: more at once would only wait for each other. */
const atOnce = 4;

/** Takes the reports of nodes. */
export const reports = service({
  id: 'reports',
  config: z.object({}),
  uses: [table, instances, metrics],
  open: (_config, { use, clock, log }): Reports => {
    const { instances: rows, events } = use(table);
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

    return {
      async take(scope, node, placements, observed) {
        const { of, orphans } = newsOf(placements, observed);
        if (orphans.length > 0) {
          use(metrics).record('orphans', orphans.length);
          log.warn('a node removed containers that nobody had listed', { node, count: orphans.length });
          const detail = `Removed without having been listed: ${orphans.slice(0, 20).join(', ')}.`;
          await events.record(scope, [{ subject: node, code: 'containers_unlisted', detail }]);
        }
        if (of.size === 0) return { placements, runners: [] };
        const found = await rows.getMany(
          scope,
          placements.filter(({ uid }) => of.has(uid)),
        );
        const told = new Map<string, Placement | undefined>();
        const runners = new Set<string>();
        // The placements say so too; but what the node may touch is decided by the row.
        const mine = found.filter((row) => row.node === node);
        for (let at = 0; at < mine.length; at += atOnce) {
          await Promise.all(
            mine.slice(at, at + atOnce).map(async (row) => {
              const { after, wakes } = await takeOf(scope, row, of.get(row.uid) ?? []);
              if (wakes) runners.add(row.runner);
              told.set(row.uid, after && placementOf(after));
            }),
          );
        }
        const left = placements.flatMap((one) => (told.has(one.uid) ? (told.get(one.uid) ?? []) : one));
        return { placements: left, runners: [...runners] };
      },
    };
  },
});
