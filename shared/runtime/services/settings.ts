import * as z from 'zod';
import { service } from '../service.ts';

/** What every function knows of its installation. */
export const settings = service({
  id: 'settings',
  config: z.object({
    /** The address under which callers reach us; without it, that of each request. */
    RUNNER_PILOT_PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
    /** DEBUG, INFO, WARN or ERROR: read where the log is opened, before any service is. */
    RUNNER_PILOT_LOG_LEVEL: z.string().optional(),
    /** How long a creation waits for its effect unless the caller says otherwise. */
    RUNNER_PILOT_WAIT_SECONDS: z.coerce.number().int().min(0).max(25).default(5),
  }),
  open: (config) => ({
    publicUrl: config.RUNNER_PILOT_PUBLIC_URL,
    waitSeconds: config.RUNNER_PILOT_WAIT_SECONDS,
  }),
});
