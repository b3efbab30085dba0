import { contract } from '#contract/operations.ts';
import { showInstance } from '#contract/view/instance.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { provisioning } from '#runtime/services/provisioning.ts';
import { settling } from '#runtime/services/settling.ts';

export const handler = serve(
  contract.instances.create,
  { provisioning, bell, settling },
  async ({ scope, params, body, by, once, wait, now }, { provisioning, bell, settling }) => {
    const { runner, node, instance } = await provisioning.create(scope, params.runner_id, body.node_id, { by, once });
    const settled = settling.wait(scope, instance, now + wait.seconds * 1000);
    await bell.ring([node?.roster?.bell]);
    const { row, node: seen, now: then } = await settled;
    return showInstance(row, { node: seen ?? node, runner }, then);
  },
);
