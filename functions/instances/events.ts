import { contract } from '#contract/operations.ts';
import { showEvent } from '#contract/view/event.ts';
import { historyOf } from '#domain/instance/history.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { shownInstance } from '#runtime/services/shown-instance.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.instances.events,
  { shownInstance, tableReader },
  async ({ scope, params, query }, { shownInstance, tableReader }) => {
    // First the row: what it forgets meanwhile is recorded by then, so that nothing is missed.
    const row = await shownInstance.getRow(scope, params.runner_id, params.instance_id, { deleted: true });
    const { items, cursor } = await tableReader.events.list(scope, row.uid, { ...query, told: historyOf(row) });
    return answer(items.map(showEvent), { next: cursor });
  },
);
