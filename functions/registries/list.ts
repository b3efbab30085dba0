import { contract } from '#contract/operations.ts';
import { showRegistry } from '#contract/view/registry.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.registries.list, { tableReader }, async ({ scope, query }, { tableReader }) => {
  const { items, cursor } = await tableReader.registries.list(scope, query);
  return answer(items.map(showRegistry), { next: cursor });
});
