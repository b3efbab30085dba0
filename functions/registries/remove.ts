import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(contract.registries.remove, { table }, async ({ scope, params, by }, { table }) => {
  await table.registries.remove(scope, params.host, { by });
  return { message: 'Registry deleted successfully.' };
});
