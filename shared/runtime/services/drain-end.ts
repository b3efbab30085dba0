import * as z from 'zod';
import { drainEvent } from '#domain/drain.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Actor } from '#store/write.ts';
import { service } from '../service.ts';
import { table } from './table.ts';

/** Stops emptying nodes, which takes none of the rights that emptying them does. */
export const drainEnd = service({
  id: 'drain-end',
  config: z.object({}),
  uses: [table],
  open: (_config, { use }) => ({
    /** What still runs, stays. `node.not-found`. */
    cancel: (scope: OrgScope, node: string, by: Actor): Promise<void> =>
      use(table).nodes.undrain(scope, node, { by, events: [drainEvent(node, undefined, by.uid)] }),
  }),
});
