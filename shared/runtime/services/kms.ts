import { KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';

/** One connection to KMS for all that signs or unwraps in this process. */
export const kms = service({
  id: 'kms',
  config: z.object({}),
  open: () => new KMSClient({ maxAttempts: 3, requestHandler: givesUpAfter(3000) }),
});
