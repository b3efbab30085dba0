import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { type Bell, openBell } from '#cloud/bell.ts';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';

// Nobody waits long for a bell, and one that is refused is not tried again: the sweep rings too.
const impatient = { maxAttempts: 1, requestHandler: givesUpAfter(2000) };

/** Rings nodes. Without a document (a stage without SSM) it rings nobody, and nodes sync by themselves. */
export const bell = service({
  id: 'bell',
  config: z.object({ RUNNER_PILOT_SYNC_DOCUMENT: z.string().min(1).optional() }),
  grants: [
    { on: 'sync-document', actions: ['ssm:SendCommand'] },
    { on: 'managed-instances', actions: ['ssm:SendCommand'] },
  ],
  open: ({ RUNNER_PILOT_SYNC_DOCUMENT: document }, { log }): Bell => {
    if (document === undefined) return { ring: async () => new Set() };
    return openBell(new SSMClient(impatient), document, (count, error) =>
      log.warn('nodes were not rung', { service: 'bell', count, error }),
    );
  },
});
