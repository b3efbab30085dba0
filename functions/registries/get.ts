import { contract } from '#contract/operations.ts';
import { showRegistry } from '#contract/view/registry.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.registries.get, { tableReader }, async ({ scope, params }, { tableReader }) => {
  const registry = await tableReader.registries.get(scope, params.host);
  return answer(showRegistry(registry), { version: registry.version });
});
