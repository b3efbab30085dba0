import * as z from 'zod';
import type { DueRows } from '#store/due.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';
import { tableRead, tableWrite } from './table.ts';

/** What must be looked at again: the index of the table. */
export const due = service({
  id: 'due',
  config: z.object({}),
  uses: [repositories],
  grants: [tableRead, tableWrite, { on: 'table-index', actions: ['dynamodb:Query'] }],
  open: (_config, { use }): DueRows => use(repositories).due,
});
