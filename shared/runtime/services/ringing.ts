import * as z from 'zod';
import type { RingOptions } from '#cloud/bell.ts';
import type { Instance } from '#domain/instance.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { bell } from './bell.ts';
import { table } from './table.ts';

/** An instance for which its node is to be rung. */
export interface Ring {
  readonly scope: Scope;
  readonly row: Pick<Instance, 'uid' | 'state' | 'node_name'>;
  /** The managed instance that SSM rings; undefined for a node without a bell. */
  readonly bell: string | undefined;
}

/** Rings nodes for their instances. */
export interface Ringing {
  /** Each node once. That a node was rung for what is asked of it is an event; whether it could be, changes nothing. */
  ring(rings: readonly Ring[], options?: RingOptions): Promise<void>;
}

/** Rings nodes for their instances, and remembers it. */
export const ringing = service({
  id: 'ringing',
  config: z.object({}),
  uses: [bell, table],
  open: (_config, { use, log }): Ringing => ({
    async ring(rings, options) {
      const rung = await use(bell).ring(
        rings.map((one) => one.bell),
        options,
      );
      const asked = rings.filter((one) => one.row.state === 'requested' && rung.has(one.bell ?? ''));
      const record = async ({ scope, row: { uid: subject, node_name } }: Ring) => {
        const event = { subject, code: 'rung', detail: `${node_name} was rung.` };
        const failed = (error: unknown) => log.warn('a ring was not recorded', { instance: subject, error });
        await use(table).events.record(scope, [event]).catch(failed);
      };
      await Promise.all(asked.map(record));
    },
  }),
});
