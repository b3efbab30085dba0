import { contract } from '#contract/operations.ts';
import { showEvent } from '#contract/view/event.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.nodes.events,
  { tableReader },
  async ({ scope, params, query }, { tableReader }) => {
    const [{ items, cursor }] = await Promise.all([
      tableReader.events.list(scope, params.node_id, query),
      tableReader.nodes.assertKnown(scope, params.node_id),
    ]);
    return answer(items.map(showEvent), { next: cursor });
  },
);
