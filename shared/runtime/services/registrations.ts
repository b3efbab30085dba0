import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { openRegistrations } from '#cloud/registrations.ts';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';
import { metrics } from './metrics.ts';

const requestHandler = givesUpAfter(5000);
const hourMs = 3_600_000;
const minuteMs = 60_000;

/** Machines that are registered with SSM. */
export interface Registrations {
  /** Ends a deleted node's; what fails is logged, for it harms nobody: an unknown machine is told nothing. */
  remove(node: string): Promise<void>;
  /** Counts those of the account, in the first minute of each hour. */
  countHourly(now: number): Promise<void>;
}

/** Registrations with SSM; without `RUNNER_PILOT_NODE_ROLE` there are none. */
export const registrations = service({
  id: 'registrations',
  config: z.object({
    RUNNER_PILOT_NODE_ROLE: z.string().optional(),
    RUNNER_PILOT_STAGE: z.string().default('local'),
  }),
  uses: [metrics],
  grants: [
    { on: 'any', actions: ['ssm:DescribeActivations', 'ssm:DeleteActivation', 'ssm:DescribeInstanceInformation'] },
    { on: 'managed-instances', actions: ['ssm:DeregisterManagedInstance'] },
  ],
  open: ({ RUNNER_PILOT_NODE_ROLE: role, RUNNER_PILOT_STAGE: stage }, { use, log }): Registrations => {
    if (role === undefined) return { remove: async () => {}, countHourly: async () => {} };
    const ssm = openRegistrations(new SSMClient({ maxAttempts: 3, requestHandler }), stage);
    return {
      remove: (node) =>
        ssm
          .remove(node)
          .catch((error) => log.warn('a machine was not deregistered', { service: 'registrations', node, error })),
      async countHourly(now) {
        if (now % hourMs >= minuteMs) return;
        try {
          use(metrics).record('hybrid_nodes', await ssm.count());
        } catch (error) {
          log.warn('machines were not counted', { service: 'registrations', error });
        }
      },
    };
  },
});
