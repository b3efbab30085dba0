import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { type ActivationDraft, openActivations } from '#cloud/activations.ts';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';

const requestHandler = givesUpAfter(5000);

/** Registers machines with SSM, so that they can be rung. */
export interface Activations {
  /** What the machine registers with; null where this installation registers none, or SSM does not make one. */
  create(draft: ActivationDraft): Promise<{ id: string; code: string; region: string } | null>;
}

/** Activations of SSM; without `RUNNER_PILOT_NODE_ROLE` there are none, and nodes sync more often instead. */
export const activations = service({
  id: 'activations',
  config: z.object({
    RUNNER_PILOT_NODE_ROLE: z.string().optional(),
    RUNNER_PILOT_STAGE: z.string().default('local'),
    RUNNER_PILOT_REGION: z.string().min(1),
  }),
  grants: [
    { on: 'any', actions: ['ssm:CreateActivation'] },
    { on: 'activation-role', actions: ['iam:PassRole'] },
  ],
  open: (config, { log }): Activations => {
    const { RUNNER_PILOT_NODE_ROLE: role, RUNNER_PILOT_STAGE: stage, RUNNER_PILOT_REGION: region } = config;
    if (role === undefined) return { create: async () => null };
    const open = openActivations(new SSMClient({ maxAttempts: 3, requestHandler }), { role, stage });
    return {
      async create(draft) {
        try {
          return { ...(await open.create(draft)), region };
        } catch (error) {
          // Its code is spent by now, and a node without a bell works too: it syncs more often.
          log.warn('no activation: the node stays without a bell', { node: draft.node, error });
          return null;
        }
      },
    };
  },
});
