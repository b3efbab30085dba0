import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type Instance, isFinal } from '#domain/instance.ts';
import type { SeenNode } from '#store/nodes.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { tableReader } from './table-reader.ts';

/** An instance as it is after a wait, with its node, if that was looked at, and the time. */
export interface Settled {
  readonly row: Instance;
  readonly node: SeenNode | undefined;
  readonly now: number;
}

/** Waits for instances. */
export interface Settling {
  /** Until the instance listens for jobs or has come to nothing, but not longer than to a time (epoch milliseconds). */
  wait(scope: Scope, instance: Instance, until: number): Promise<Settled>;
}

const lookMs = 250;

const hasSettled = (row: Instance): boolean =>
  isFinal(row) || ['running', 'ended', 'failing', 'deleting'].includes(row.state);

/** Waits for instances by looking at them again. */
export const settling = service({
  id: 'settling',
  config: z.object({}),
  uses: [tableReader],
  open: (_config, { use, clock }): Settling => {
    const { instances, nodes } = use(tableReader);
    return {
      async wait(scope, first, until) {
        let row = first;
        while (!hasSettled(row) && clock.now() < until) {
          await sleep(Math.min(lookMs, Math.max(1, until - clock.now())));
          // Where it most likely still is, at a third of what it costs to look everywhere.
          const [live] = await instances.getMany(scope, [row]);
          row = live ?? (await instances.find(scope, row.runner, row.uid)) ?? row;
        }
        // What its node is by now decides how it is shown.
        const seen = row === first ? undefined : await nodes.getMany(scope, [row.node]);
        return { row, node: seen?.get(row.node), now: clock.now() };
      },
    };
  },
});
