import { contract } from '#contract/operations.ts';
import { showRunner } from '#contract/view/runner.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { credentialReader } from '#runtime/services/credentials.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.runners.list,
  { tableReader, credentialReader },
  async ({ scope, query }, { tableReader, credentialReader }) => {
    const { status, name, ...page } = query;
    const { items, cursor } = await tableReader.runners.list(scope, {
      ...page,
      keep: (runner) =>
        (status === undefined || runner.busy > 0 === (status === 'active')) &&
        (name === undefined || runner.name === name),
    });
    const { role } = await scope.member;
    const shown = items.map(async (runner) => showRunner(runner, await credentialReader.show(scope, runner, role)));
    return answer(await Promise.all(shown), { next: cursor });
  },
);
