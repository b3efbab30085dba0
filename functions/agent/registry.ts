import { contract } from '#contract/operations.ts';
import { problem } from '#domain/problem.ts';
import { proven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { registryLogins } from '#runtime/services/registries.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.agent.registry,
  { tableReader, registryLogins },
  async ({ caller, body: { image } }, { tableReader, registryLogins }) => {
    const { agent, scope, placements } = proven(caller, await tableReader.agents.find(caller.node));
    if (agent.retired_at !== undefined) throw problem('token.invalid', 'The node was deleted.');
    if (!placements.some((placed) => placed.want === 'run' && placed.image === image)) {
      throw problem('image.not-wanted', `No instance of ${image} is to run on this node.`);
    }
    return { login: (await registryLogins.find(scope, image)) ?? null };
  },
);
