import * as z from 'zod';
import type { Ids } from '../ids.ts';
import { service } from '../service.ts';

/** Ids and random secrets. */
export const ids = service({
  id: 'ids',
  config: z.object({}),
  open: (_config, context): Ids => context.ids,
});
