import { contract } from '#contract/operations.ts';
import { showInstance } from '#contract/view/instance.ts';
import { shown } from '#domain/instance/shown.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.organizations.instances,
  { tableReader },
  async ({ scope, query, now }, { tableReader }) => {
    const { status, node: on, ended = status === 'stopped' || status === 'failed', ...page } = query;
    const { items, cursor } = await tableReader.instances.listAll(scope, {
      ...page,
      live: !ended,
      keep: ({ instance, node }) =>
        (on === undefined || instance.node === on) &&
        (status === undefined || shown(instance, node?.roster, now).status === status),
    });
    return answer(
      items.map(({ instance, ...around }) => showInstance(instance, around, now)),
      { next: cursor },
    );
  },
);
