import { contract } from '#contract/operations.ts';
import { showInstance } from '#contract/view/instance.ts';
import { shown } from '#domain/instance/shown.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.instances.list,
  { tableReader },
  async ({ scope, params, query, now }, { tableReader }) => {
    const { status, ...page } = query;
    const [runner, { items, cursor }] = await Promise.all([
      tableReader.runners.get(scope, params.runner_id),
      tableReader.instances.list(scope, params.runner_id, {
        ...page,
        keep: ({ instance, node }) => status === undefined || shown(instance, node?.roster, now).status === status,
      }),
    ]);
    return answer(
      items.map(({ instance, node }) => showInstance(instance, { node, runner }, now)),
      { next: cursor },
    );
  },
);
