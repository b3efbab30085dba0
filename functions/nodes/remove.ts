import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { removals } from '#runtime/services/removals.ts';

export const handler = serve(
  contract.nodes.remove,
  { removals },
  async ({ scope, params, query, by }, { removals }) => {
    await removals.removeNode(scope, params.node_id, { by, force: query.force ?? false });
    return { message: 'Node deleted successfully.' };
  },
);
