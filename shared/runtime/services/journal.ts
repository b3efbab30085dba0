import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import { type Journal, openJournal } from '#cloud/journal.ts';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';

/** What nodes have written into CloudWatch Logs, to read. */
export const journal = service({
  id: 'journal',
  config: z.object({ RUNNER_PILOT_LOG_GROUP: z.string().min(1) }),
  grants: [{ on: 'log-group', actions: ['logs:GetLogEvents'] }],
  open: (config): Journal =>
    openJournal(
      new CloudWatchLogsClient({
        maxAttempts: 2,
        requestHandler: givesUpAfter(5000),
      }),
      config.RUNNER_PILOT_LOG_GROUP,
    ),
});
