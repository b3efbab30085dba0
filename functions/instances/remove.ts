import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { bell } from '#runtime/services/bell.ts';
import { withdrawal } from '#runtime/services/withdrawal.ts';

export const handler = serve(
  contract.instances.remove,
  { withdrawal, bell },
  async ({ scope, params, query, by }, { withdrawal, bell }) => {
    const { runner_id: runner, instance_id: uid } = params;
    const ring = await withdrawal.remove(scope, { runner, uid }, { by, force: query.force ?? false });
    await bell.ring([ring]);
    return { message: 'Runner instance deleted successfully.' };
  },
);
