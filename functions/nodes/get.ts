import { contract } from '#contract/operations.ts';
import { showNode } from '#contract/view/node.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.nodes.get, { tableReader }, async ({ scope, params, now }, { tableReader }) => {
  const { node, roster } = await tableReader.nodes.get(scope, params.node_id);
  return answer(showNode(node, roster, now), { version: node.version });
});
