import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { removals } from '#runtime/services/removals.ts';

export const handler = serve(
  contract.runners.remove,
  { removals },
  async ({ scope, params, query, by }, { removals }) => {
    await removals.removeRunner(scope, params.runner_id, { by, force: query.force ?? false });
    return { message: 'Runner deleted successfully.' };
  },
);
