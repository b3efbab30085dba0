import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { openTable, type Table } from '#store/open.ts';
import { givesUpAfter } from '../request-handler.ts';
import { type ServiceContext, service } from '../service.ts';

// One connection for all that reads or writes the table in this process. A call that hangs is given up in time for the
// SDK to try again within the request (the table answers in milliseconds, or not at all).
const client = service({
  id: 'dynamodb',
  config: z.object({}),
  open: () => new DynamoDBClient({ maxAttempts: 3, requestHandler: givesUpAfter(3000) }),
});

/** The table as repositories: what the services beside it are views of. It grants nothing itself. */
export const repositories = service({
  id: 'repositories',
  config: z.object({ RUNNER_PILOT_TABLE: z.string().min(3) }),
  uses: [client],
  open: (config, { use, clock, ids }: ServiceContext): Table =>
    openTable({
      client: use(client),
      tableName: config.RUNNER_PILOT_TABLE,
      now: () => clock.now(),
      newId: () => ids.uid(),
    }),
});
