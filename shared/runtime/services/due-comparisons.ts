import * as z from 'zod';
import { containerName, isFinal } from '#domain/instance.ts';
import type { Runner } from '#domain/runner.ts';
import { compare, type RunnerThere } from '#domain/strays.ts';
import { type SystemScope, systemScope } from '#store/scope.ts';
import { service } from '../service.ts';
import { registrar } from './registrar.ts';
import { table } from './table.ts';

/** Compares GitHub's runners with ours. */
export interface DueComparisons {
  /** Makes the comparison that is planned under this name, and plans the next one, as long as there is reason to. */
  look(hash: string): Promise<void>;
  /** Removes at GitHub what is left of a runner that is being deleted and has no instances any more. */
  clear(scope: SystemScope, runner: string): Promise<void>;
}

const nextMs = 10 * 60_000;

/** Compares GitHub's runners with ours: those that nobody has are deleted there after two sightings. */
export const dueComparisons = service({
  id: 'due-comparisons',
  config: z.object({}),
  uses: [table, registrar],
  open: (_config, { use, clock, log }): DueComparisons => {
    const { github, runners, instances } = use(table);

    /** The names that have a row which is live, or whose own due time sees to it. */
    async function knownOf(scope: SystemScope, runner: Runner, there: readonly RunnerThere[]): Promise<Set<string>> {
      const rows = await Promise.all(
        there.map(({ name }) => instances.find(scope, runner.uid, name.slice(containerName('').length))),
      );
      return new Set(
        rows.flatMap((row) => (row && (!isFinal(row) || row.due !== undefined) ? [containerName(row.uid)] : [])),
      );
    }

    async function removeAll(scope: SystemScope, runner: Runner, strays: readonly RunnerThere[]): Promise<void> {
      for (const { id, name } of strays) {
        const outcome = await use(registrar).removeStray(scope, runner, id);
        log.info('a runner at GitHub that nobody has', { runner: runner.uid, instance: name, reason: outcome });
      }
    }

    return {
      async look(hash) {
        const planned = await github.find(hash);
        if (!planned) return;
        // The row of the table says whose credential it is.
        const scope = systemScope(planned.org);
        const runner = await runners.find(scope, planned.runner);
        if (!runner || runner.credential_kind === 'registration') return github.remove(hash);
        const there = await use(registrar).list(scope, runner);
        const due = clock.now() + nextMs;
        if (!there.ok) return github.save({ ...planned, due });
        const known = await knownOf(scope, runner, there.value);
        const { remove, strays } = compare(there.value, known, planned.strays, clock.now());
        await github.save({ ...planned, due, strays: { ...strays } });
        await removeAll(scope, runner, remove);
        // Nothing there and nothing here: the next start plans the next comparison.
        if (there.value.length === 0 && runner.instances === 0) await github.remove(hash);
      },

      async clear(scope, uid) {
        const runner = await runners.find(scope, uid);
        if (!runner || runner.credential_kind === 'registration' || runner.instances > 0) return;
        const there = await use(registrar).list(scope, runner);
        if (there.ok) await removeAll(scope, runner, there.value);
      },
    };
  },
});
