import * as z from 'zod';
import type { Instance } from '#domain/instance.ts';
import { problem } from '#domain/problem.ts';
import type { Runner } from '#domain/runner.ts';
import type { SeenNode } from '#store/nodes.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { tableReader } from './table-reader.ts';

/** An instance with what it is shown with. */
export interface FoundInstance {
  readonly row: Instance;
  readonly around: { readonly node: SeenNode | undefined; readonly runner: Runner | undefined };
}

/** Reads instances for people: from the answer to its deletion on, one is not there. */
export interface ShownInstances {
  /** The row and its runner, then its node: two waits. `instance.not-found`. */
  get(scope: Scope, runner: string, uid: string): Promise<FoundInstance>;
  /** The row alone, in one wait; with `deleted` also that of a deleted one, whose log stays. `instance.not-found`. */
  getRow(scope: Scope, runner: string, uid: string, options?: { readonly deleted?: boolean }): Promise<Instance>;
}

/** Reads instances for people. */
export const shownInstance = service({
  id: 'shown-instance',
  config: z.object({}),
  uses: [tableReader],
  open: (_config, { use }): ShownInstances => {
    const { instances, nodes, runners } = use(tableReader);

    const getRow: ShownInstances['getRow'] = async (scope, runner, uid, { deleted = false } = {}) => {
      const row = await instances.find(scope, runner, uid);
      const away = row?.state === 'deleting' || row?.state === 'deleted';
      if (row && (deleted || !away)) return row;
      throw problem('instance.not-found', `There is no instance "${uid}" of this runner.`);
    };

    return {
      getRow,
      async get(scope, runnerUid, uid) {
        const [row, runner] = await Promise.all([getRow(scope, runnerUid, uid), runners.find(scope, runnerUid)]);
        const seen = await nodes.getMany(scope, [row.node]);
        return { row, around: { node: seen.get(row.node), runner } };
      },
    };
  },
});
