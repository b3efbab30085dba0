import * as z from 'zod';
import { version } from '#domain/version.ts';
import { service } from '../service.ts';

/** What this installation is. */
export const about = service({
  id: 'about',
  config: z.object({ RUNNER_PILOT_REGION: z.string().min(1) }),
  open: ({ RUNNER_PILOT_REGION: region }) => ({ version, region }),
});
