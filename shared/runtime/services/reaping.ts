import * as z from 'zod';
import { service } from '../service.ts';

/** Whether what nobody asks for at this moment may be ended or removed. */
export interface Reaping {
  /** All of that waits, while a table is restored: the rows know less than the nodes and GitHub do. */
  readonly held: boolean;
}

/** Whether what nobody asks for at this moment may be ended or removed: asked by everything that does. */
export const reaping = service({
  id: 'reaping',
  config: z.object({
    /** `hold` while a table is restored (docs/operations.md). */
    RUNNER_PILOT_REAP: z.enum(['on', 'hold']).default('on'),
  }),
  open: (config): Reaping => ({ held: config.RUNNER_PILOT_REAP === 'hold' }),
});
