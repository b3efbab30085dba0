import * as z from 'zod';
import { isSurplus, surplusOf } from '#domain/replacement/surplus.ts';
import { keeper } from '#domain/replacement.ts';
import type { Runner } from '#domain/runner.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { bell } from './bell.ts';
import { isPassing } from './draining.ts';
import { each } from './due-instances.ts';
import { reaping } from './reaping.ts';
import { replacing } from './replacing.ts';
import { table } from './table.ts';
import { withdrawal } from './withdrawal.ts';

/** Keeps as many instances of a runner alive as are desired: makes what is missing, removes what is too many. */
export interface Upkeep {
  /** Looks at a runner that is due, and at no other. */
  look(scope: Scope, runner: string): Promise<void>;
  /** The same for whoever has just changed it, as far as it comes off at once: the runner as it is then. */
  of(scope: Scope, runner: Runner): Promise<Runner>;
}

/** GitHub is asked for each that is removed: more would outlast a function, or keep a person waiting. */
const mostAtOnce = { sweep: 100, person: 20 } as const;
const by = { uid: keeper, request_id: 'surplus' };

/** Keeps as many instances of a runner alive as are desired. */
export const upkeep = service({
  id: 'upkeep',
  config: z.object({}),
  uses: [table, replacing, withdrawal, bell, reaping],
  open: (_config, { use, log }): Upkeep => {
    const { instances } = use(table);

    async function trim(scope: Scope, runner: string, many: number, most: number) {
      if (use(reaping).held) return { later: true };
      const bells: (string | undefined)[] = [];
      const remove = async ({ uid }: { readonly uid: string }) => {
        try {
          bells.push(await use(withdrawal).remove(scope, { runner, uid }, { by, force: false }));
        } catch (error) {
          // Gone by now, or a job has just come.
          if (!isPassing(error)) throw error;
        }
      };
      const rows = await instances.listOfRunner(scope, runner);
      const wanted = surplusOf(rows, Math.min(many, most));
      await each(wanted, remove, (error, { uid }) =>
        log.error('one too many was not removed', { instance: uid, error }),
      );
      await use(bell).ring(bells);
      return { later: bells.length < many && rows.filter(isSurplus).length > bells.length };
    }

    const look = (scope: Scope, runner: string, most: number) =>
      use(replacing).look(scope, runner, { most, trim: (many) => trim(scope, runner, many, most) });

    return {
      async look(scope, runner) {
        await look(scope, runner, mostAtOnce.sweep);
      },
      async of(scope, runner) {
        if (runner.desired_instances === undefined) return runner;
        try {
          await look(scope, runner.uid, mostAtOnce.person);
          return (await use(table).runners.find(scope, runner.uid)) ?? runner;
        } catch (error) {
          log.warn('a runner is left to the sweep', { runner: runner.uid, error });
          return runner;
        }
      },
    };
  },
});
