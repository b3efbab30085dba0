import { contract } from '#contract/operations.ts';
import { showNode } from '#contract/view/node.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { draining } from '#runtime/services/draining.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.nodes.drain,
  { draining, tableReader, bell },
  async ({ scope, params: { node_id }, body, by, now }, { draining, tableReader, bell }) => {
    const { deadline_minutes: deadlineMinutes, note } = body;
    const rings = await draining.begin(scope, node_id, { deadlineMinutes, note }, by);
    const [{ node, roster }] = await Promise.all([tableReader.nodes.get(scope, node_id), bell.ring(rings)]);
    return showNode(node, roster, now);
  },
);
