import * as z from 'zod';
import { type Drain, type DrainRequest, drain, drainDue, drainEvent, drainJob, drainStep } from '#domain/drain.ts';
import { type Instance, isBusy } from '#domain/instance.ts';
import { connectionOf } from '#domain/node.ts';
import { Problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { SeenNode } from '#store/nodes.ts';
import type { Scope } from '#store/scope.ts';
import type { Actor } from '#store/write.ts';
import { service } from '../service.ts';
import { each } from './due-instances.ts';
import { instances } from './instances.ts';
import type { Rings } from './removals.ts';
import { table } from './table.ts';
import { withdrawal } from './withdrawal.ts';

/** Empties nodes. */
export interface Draining {
  /** Begins a drain or changes it, and removes what is idle: the bells to ring. `node.not-found`. */
  begin(scope: OrgScope, node: string, request: Omit<DrainRequest, 'by'>, by: Actor): Promise<Rings>;
  /** Does what a drain has to do now, and has the sweep look again as long as something is left. */
  look(scope: Scope, node: string): Promise<Rings>;
}

/** From when on the sweep takes up a drain that was cut off: a function's own time is over by then. */
const takenUpAfterMs = 30_000;
/** GitHub is asked for each: more would outlast a function. */
const mostAtOnce = 100;

/** Whether a removal was refused for what will have passed by the next look. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Problem && ['instance.not-found', 'instance.busy'].includes(error.code);

/** Empties nodes: what is idle is deleted at once, and what is busy when its job has ended, or is ended at the deadline. */
export const draining = service({
  id: 'draining',
  config: z.object({}),
  uses: [table, instances, withdrawal],
  open: (_config, { use, clock, log }): Draining => {
    const { nodes, instances: rows } = use(table);

    /** Ends one with its job, on a node that can tell of it: nobody else would be told why. */
    const cancel = async (scope: Scope, row: Instance, of: Drain, { roster }: Pick<SeenNode, 'roster'>, by: Actor) => {
      const ended = (now: Instance) => drainJob(now, of, clock.now(), roster?.seen_at);
      await use(instances).change(scope, row, ended, { by });
      return roster?.bell;
    };

    const look: Draining['look'] = async (scope, uid) => {
      const seen = (await nodes.getMany(scope, [uid])).get(uid);
      const node = seen?.node;
      const of = node?.deleting_at === undefined ? node?.drain : undefined;
      if (!of) return [];
      const by = { uid: of.by, request_id: 'drain' };
      const rings: (string | undefined)[] = [];
      const end = async (row: Instance, force: boolean) => {
        const { runner, uid: instance } = row;
        try {
          const cancels = force && isBusy(row) && connectionOf(seen?.roster, clock.now()) !== 'unreachable';
          if (seen && cancels) rings.push(await cancel(scope, row, of, seen, by));
          else rings.push(await use(withdrawal).remove(scope, { runner, uid: instance }, { by, force }));
        } catch (error) {
          // Gone by now, or a job has just come: the next look sees to it.
          if (!isPassing(error)) throw error;
        }
      };
      const steps = (await rows.listOnNode(scope, uid))
        .map((row) => ({ row, step: drainStep(row, of, clock.now()) }))
        .filter(({ step }) => step === 'remove' || step === 'force');
      await each(
        steps.slice(0, mostAtOnce),
        ({ row, step }) => end(row, step === 'force'),
        (error, { row }) => log.error('an instance of a drained node was not removed', { instance: row.uid, error }),
      );
      const left = await rows.listOnNode(scope, uid);
      await nodes.scheduleDrain(scope, uid, of, drainDue(of, left, clock.now()));
      return rings;
    };

    return {
      look,
      async begin(scope, uid, request, by) {
        const { node } = await nodes.get(scope, uid);
        const now = clock.now();
        const wanted = drain(node.drain, { ...request, by: by.uid }, now);
        const events = [drainEvent(uid, wanted, by.uid)];
        await nodes.drain(scope, uid, wanted, { by, due: now + takenUpAfterMs, events });
        return look(scope, uid);
      },
    };
  },
});
