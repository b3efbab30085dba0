import * as z from 'zod';
import type { Table } from '#store/open.ts';
import { type Grant, service } from '../service.ts';
import { repositories } from './dynamodb.ts';

/** What reading the table takes; transactions and batches need the rights of what is in them. */
export const tableRead: Grant = {
  on: 'table',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
};

/** What changing it takes. */
export const tableWrite: Grant = {
  on: 'table',
  actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};

/** The table, to read and to change; what is due is read by the sweep alone (`due`). */
export const table = service({
  id: 'table',
  config: z.object({}),
  uses: [repositories],
  grants: [tableRead, tableWrite],
  open: (_config, { use }): Omit<Table, 'due'> => use(repositories),
});
