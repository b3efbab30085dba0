import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { removals } from '#runtime/services/removals.ts';

export const handler = serve(
  contract.nodes.remove,
  { removals, bell },
  async ({ scope, params, query, by }, { removals, bell }) => {
    const rings = await removals.removeNode(scope, params.node_id, { by, force: query.force ?? false });
    await bell.ring(rings);
    return { message: 'Node deleted successfully.' };
  },
);
