import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { removals } from '#runtime/services/removals.ts';

export const handler = serve(
  contract.runners.remove,
  { removals, bell },
  async ({ scope, params, query, by }, { removals, bell }) => {
    const rings = await removals.removeRunner(scope, params.runner_id, { by, force: query.force ?? false });
    await bell.ring(rings);
    return { message: 'Runner deleted successfully.' };
  },
);
