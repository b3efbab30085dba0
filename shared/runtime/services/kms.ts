import { KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { service } from '../service.ts';

/** One connection to KMS for all that signs or unwraps in this process. */
export const kms = service({
  id: 'kms',
  config: z.object({}),
  open: () => new KMSClient({ maxAttempts: 3, requestHandler: { connectionTimeout: 1000, requestTimeout: 3000 } }),
});
