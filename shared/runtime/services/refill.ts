import * as z from 'zod';
import { type Placement, placementOf } from '#domain/instance.ts';
import type { Runner } from '#domain/runner.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { replacing } from './replacing.ts';
import { table } from './table.ts';

/** Makes what is missing of a runner at once, for whoever has seen that; what does not come off is left to the sweep. */
export interface Refill {
  /** The runner as it is then. */
  of(scope: Scope, runner: Runner): Promise<Runner>;
  /** Of several runners, some of whose instances have ended on a node: what the node is told besides. */
  on(scope: Scope, node: string, runners: readonly string[]): Promise<readonly Placement[]>;
}

/** More would keep the caller waiting; the sweep makes the others. */
const mostAtOnce = 20;

/** Makes what is missing of runners, which takes none of the rights that removing does. */
export const refill = service({
  id: 'refill',
  config: z.object({}),
  uses: [table, replacing],
  open: (_config, { use, log }): Refill => {
    const { look } = use(replacing);
    const left =
      <T>(runner: string, instead: T) =>
      (error: unknown): T => {
        log.warn('a runner is left to the sweep', { runner, error });
        return instead;
      };

    return {
      of: (scope, runner) =>
        look(scope, runner.uid, { most: mostAtOnce })
          .then(() => use(table).runners.find(scope, runner.uid))
          .then((now) => now ?? runner)
          .catch(left(runner.uid, runner)),

      async on(scope, node, runners) {
        const looks = runners.map((runner) =>
          look(scope, runner, { most: mostAtOnce, answers: node }).catch(left(runner, [])),
        );
        const made = await Promise.all(looks);
        return made.flat().flatMap(({ instance }) => (instance.node === node ? (placementOf(instance) ?? []) : []));
      },
    };
  },
});
