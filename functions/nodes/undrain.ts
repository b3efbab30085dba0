import { contract } from '#contract/operations.ts';
import { showNode } from '#contract/view/node.ts';
import { serve } from '#lambda/serve.ts';
import { drainEnd } from '#runtime/services/drain-end.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.nodes.undrain,
  { drainEnd, tableReader },
  async ({ scope, params: { node_id }, by, now }, { drainEnd, tableReader }) => {
    await drainEnd.cancel(scope, node_id, by);
    const { node, roster } = await tableReader.nodes.get(scope, node_id);
    return showNode(node, roster, now);
  },
);
