import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { registrations } from '#runtime/services/registrations.ts';
import { removals } from '#runtime/services/removals.ts';

export const handler = serve(
  contract.nodes.remove,
  { removals, bell, registrations },
  async ({ scope, params, query, by }, { removals, bell, registrations }) => {
    const rings = await removals.removeNode(scope, params.node_id, { by, force: query.force ?? false });
    // The bell rings before it is taken away.
    await bell.ring(rings);
    await registrations.remove(params.node_id);
    return { message: 'Node deleted successfully.' };
  },
);
