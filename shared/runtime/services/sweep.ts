import * as z from 'zod';
import type { Due } from '#store/due.ts';
import type { SystemScope } from '#store/scope.ts';
import { service } from '../service.ts';
import { bell } from './bell.ts';
import { draining } from './draining.ts';
import { due } from './due.ts';
import { dueComparisons } from './due-comparisons.ts';
import { type DueInstance, dueInstances, each } from './due-instances.ts';
import { metrics } from './metrics.ts';
import { reaping } from './reaping.ts';
import { registrations } from './registrations.ts';
import { removals } from './removals.ts';
import { table } from './table.ts';
import { upkeep } from './upkeep.ts';

/** The sweep: takes what is due, decides, acts. It alone converges; everything else only makes it faster. */
export interface Sweep {
  /** How many rows are looked at between two looks at the time. */
  readonly chunk: number;
  /** How much of the time is left for what has begun. */
  readonly spareMs: number;
  list(now: number): Promise<readonly Due[]>;
  /** Runs unless another sweep does. */
  exclusively(holder: string, run: () => Promise<void>): Promise<void>;
  look(due: readonly Due[]): Promise<void>;
}

const removalMs = 60_000;
const comparisonMs = 10 * 60_000;

/** The parts of the sweep. */
export const sweep = service({
  id: 'sweep',
  config: z.object({
    /** Longer than a run may take, so that one that was killed holds up no more than the next. */
    RUNNER_PILOT_SWEEP_LEASE_SECONDS: z.coerce.number().int().min(1).max(3600).default(60),
  }),
  uses: [table, due, dueInstances, dueComparisons, removals, draining, upkeep, registrations, bell, reaping, metrics],
  open: ({ RUNNER_PILOT_SWEEP_LEASE_SECONDS: leaseSeconds }, { use, clock, log }): Sweep => {
    const { leases, nodes, runners } = use(table);
    const rows = use(due);
    const { held } = use(reaping);

    async function lookAtNode(scope: SystemScope, uid: string): Promise<void> {
      const node = (await nodes.getMany(scope, [uid])).get(uid)?.node;
      if (node?.deleting_at !== undefined) {
        if (await use(removals).finishNode(scope, uid)) await use(registrations).remove(uid);
      } else await use(bell).ring(await use(draining).look(scope, uid));
    }

    async function lookAt(one: Due): Promise<void> {
      const now = clock.now();
      if (one.kind === 'github') {
        const postponed = await rows.postpone(one, one.due, now + comparisonMs);
        if (postponed && !held) await use(dueComparisons).look(one.hash);
        return;
      }
      if (one.kind === 'instance' || !one.scope) return;
      // A runner that stays holds itself while it is looked at.
      const stays = one.kind === 'runner' && (await runners.find(one.scope, one.uid))?.deleting_at === undefined;
      if (stays) return use(upkeep).look(one.scope, one.uid);
      // Drains and removals by force that were cut off: all that is left to do about them is to end something.
      if (!(await rows.postpone(one, one.due, now + removalMs)) || held) return;
      if (one.kind === 'node') {
        await lookAtNode(one.scope, one.uid);
      } else {
        await use(dueComparisons).clear(one.scope, one.uid);
        await use(removals).finishRunner(one.scope, one.uid);
      }
    }

    return {
      chunk: 100,
      spareMs: 15_000,
      async list(now) {
        const found = await rows.list(now);
        const oldest = found[0]?.due;
        use(metrics).record('due_age', oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000));
        return found;
      },
      async exclusively(holder, run) {
        if (!(await leases.take('sweep', holder, leaseSeconds))) return;
        try {
          await run();
        } finally {
          await leases.release('sweep', holder);
        }
      },
      async look(due) {
        const instances = due.flatMap((one): DueInstance[] =>
          one.kind === 'instance' && one.scope ? [{ ...one, scope: one.scope }] : [],
        );
        await use(dueInstances).look(instances);
        const others = due.filter(({ kind }) => kind !== 'instance');
        await each(others, lookAt, (error, one) =>
          log.error('what is due was not looked at', { reason: one.kind, error }),
        );
      },
    };
  },
});
