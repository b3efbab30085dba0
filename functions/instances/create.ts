import { contract } from '#contract/operations.ts';
import { showInstance } from '#contract/view/instance.ts';
import { serve } from '#lambda/serve.ts';
import { provisioning } from '#runtime/services/provisioning.ts';
import { ringing } from '#runtime/services/ringing.ts';
import { settling } from '#runtime/services/settling.ts';

export const handler = serve(
  contract.instances.create,
  { provisioning, ringing, settling },
  async ({ scope, params, body, by, once, wait, now }, { provisioning, ringing, settling }) => {
    const { runner, node, instance } = await provisioning.create(scope, params.runner_id, body.node_id, { by, once });
    const settled = settling.wait(scope, instance, now + wait.seconds * 1000);
    await ringing.ring([{ scope, row: instance, bell: node?.roster?.bell }]);
    const { row, node: seen, now: then } = await settled;
    return showInstance(row, { node: seen ?? node, runner }, then);
  },
);
