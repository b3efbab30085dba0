import { contract } from '#contract/operations.ts';
import { showRunner } from '#contract/view/runner.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { credentialReader } from '#runtime/services/credentials.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.runners.get,
  { tableReader, credentialReader },
  async ({ scope, params }, { tableReader, credentialReader }) => {
    const [runner, { role }] = await Promise.all([tableReader.runners.get(scope, params.runner_id), scope.member]);
    return answer(showRunner(runner, await credentialReader.show(scope, runner, role)), { version: runner.version });
  },
);
