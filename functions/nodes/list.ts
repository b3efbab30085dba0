import { contract } from '#contract/operations.ts';
import { showNode } from '#contract/view/node.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.nodes.list, { tableReader }, async ({ scope, query, now }, { tableReader }) => {
  const { status, name, ...page } = query;
  const { items, cursor } = await tableReader.nodes.list(scope, {
    ...page,
    keep: ({ node }) => (status === undefined || node.status === status) && (name === undefined || node.name === name),
  });
  return answer(
    items.map(({ node, roster }) => showNode(node, roster, now)),
    { next: cursor },
  );
});
