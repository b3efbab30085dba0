import { contract } from '#contract/operations.ts';
import { showInstance } from '#contract/view/instance.ts';
import { serve } from '#lambda/serve.ts';
import { shownInstance } from '#runtime/services/shown-instance.ts';

export const handler = serve(
  contract.instances.get,
  { shownInstance },
  async ({ scope, params, now }, { shownInstance }) => {
    const { row, around } = await shownInstance.get(scope, params.runner_id, params.instance_id);
    return showInstance(row, around, now);
  },
);
