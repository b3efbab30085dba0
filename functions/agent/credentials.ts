import { contract } from '#contract/operations.ts';
import { timestamp } from '#contract/view/time.ts';
import { problem } from '#domain/problem.ts';
import { assertProven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';
import { telemetry } from '#runtime/services/telemetry.ts';

export const handler = serve(
  contract.agent.credentials,
  { tableReader, telemetry },
  async ({ caller }, { tableReader, telemetry }) => {
    const found = await tableReader.agents.findAgent(caller.node);
    assertProven(caller, found?.agent);
    if (found.agent.retired_at !== undefined) throw problem('token.invalid', 'The node was deleted.');
    const { expires_at, ...credentials } = await telemetry.credentialsFor(found.scope.org, caller.node);
    return { ...credentials, expires_at: timestamp(expires_at) };
  },
);
