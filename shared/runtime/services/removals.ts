import * as z from 'zod';
import { eventsOf } from '#domain/instance/events.ts';
import { type Removal, remove } from '#domain/instance/remove.ts';
import { type Instance, isFinal } from '#domain/instance.ts';
import { connectionOf } from '#domain/node.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Scope } from '#store/scope.ts';
import type { Actor } from '#store/write.ts';
import { service } from '../service.ts';
import { table } from './table.ts';

/** Who removes a node or a runner, and whether its instances go too. */
export interface RemovalRequest {
  readonly by: Actor;
  readonly force: boolean;
}

/** Bells of nodes, by the managed instance that SSM rings; undefined for a node without one. */
export type Rings = readonly (string | undefined)[];

/** Removes nodes and runners with what hangs on them; what is cut off is due, and taken up by the sweep. */
export interface Removals {
  /** Both give the bells of the nodes that have something to remove now. */
  removeNode(scope: OrgScope, uid: string, request: RemovalRequest): Promise<Rings>;
  removeRunner(scope: OrgScope, uid: string, request: RemovalRequest): Promise<Rings>;
  /** The rest of removing a node by force: true once it is gone. */
  finishNode(scope: Scope, uid: string): Promise<boolean>;
  /** The rest of removing a runner by force: true once it is gone; before, its nodes have to confirm. */
  finishRunner(scope: Scope, uid: string): Promise<boolean>;
}

/** From when on the sweep takes up a removal that was cut off: a function's own time is over by then. */
const takenUpAfterMs = 30_000;
/** For so long a runner that goes by force keeps its credential: what its instances have registered is removed with it. */
const credentialStaysMs = 10 * 60_000;
const atOnce = 8;

/** Removes nodes and runners, by force with their instances. */
export const removals = service({
  id: 'removals',
  config: z.object({}),
  uses: [table],
  open: (_config, { use, clock }): Removals => {
    const { nodes, runners, instances } = use(table);

    /** Ends an instance for good or dooms it; somebody who is faster makes us look again. */
    async function end(scope: Scope, first: Instance, how: (row: Instance) => Removal): Promise<void> {
      let found: Instance | undefined = first;
      while (found && !isFinal(found)) {
        const removal = how(found);
        if (found.state === 'deleting' && removal.connection !== 'unreachable') return;
        const verdict = remove(found, removal, clock.now());
        if ('busy' in verdict) return;
        const events = eventsOf(found, verdict.row);
        if (await instances.transition(scope, found, verdict.row, { events })) return;
        found = await instances.find(scope, first.runner, first.uid);
      }
    }

    async function endAll(scope: Scope, all: readonly Instance[], how: (row: Instance) => Removal): Promise<void> {
      for (let at = 0; at < all.length; at += atOnce) {
        await Promise.all(all.slice(at, at + atOnce).map((one) => end(scope, one, how)));
      }
    }

    async function finishNode(scope: Scope, uid: string, by?: Actor): Promise<boolean> {
      const leaves = (): Removal => ({ force: true, connection: 'unreachable', nodeLeaves: true, by: by?.uid });
      await endAll(scope, await instances.listOnNode(scope, uid), leaves);
      return nodes.finishRemoval(scope, uid);
    }

    async function endRunner(
      scope: Scope,
      uid: string,
      by?: Actor,
    ): Promise<{ readonly gone: boolean; readonly rings: Rings }> {
      const items = await instances.listOfRunner(scope, uid);
      const on = await nodes.getMany(
        scope,
        items.map(({ node }) => node),
      );
      const how = ({ node }: Instance): Removal => ({
        force: true,
        connection: connectionOf(on.get(node)?.roster, clock.now()),
        by: by?.uid,
      });
      await endAll(scope, items, how);
      const rings = [...on.values()].map(({ roster }) => roster?.bell);
      const runner = await runners.find(scope, uid);
      const asked = runner !== undefined && runner.credential_kind !== 'registration';
      const stays = asked && clock.now() < (runner.deleting_at ?? 0) + credentialStaysMs;
      return { gone: !stays && (await runners.finishRemoval(scope, uid)), rings };
    }

    return {
      finishNode: (scope, uid) => finishNode(scope, uid),
      finishRunner: async (scope, uid) => (await endRunner(scope, uid)).gone,
      async removeNode(scope, uid, { by, force }) {
        const { roster } = await nodes.get(scope, uid);
        if (force) {
          await nodes.beginRemoval(scope, uid, { by, due: clock.now() + takenUpAfterMs });
          await finishNode(scope, uid, by);
        } else await nodes.remove(scope, uid, { by });
        return [roster?.bell];
      },
      async removeRunner(scope, uid, { by, force }) {
        if (!force) {
          await runners.remove(scope, uid, { by });
          return [];
        }
        await runners.beginRemoval(scope, uid, { by, due: clock.now() + takenUpAfterMs });
        return (await endRunner(scope, uid, by)).rings;
      },
    };
  },
});
