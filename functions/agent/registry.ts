import { contract } from '#contract/operations.ts';
import { problem } from '#domain/problem.ts';
import { proven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { aheadImages } from '#runtime/services/ahead.ts';
import { registryLogins } from '#runtime/services/registries.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.agent.registry,
  { tableReader, aheadImages, registryLogins },
  async ({ caller, body: { image } }, { tableReader, aheadImages, registryLogins }) => {
    const { agent, scope, placements } = proven(caller, await tableReader.agents.find(caller.node));
    if (agent.retired_at !== undefined) throw problem('token.invalid', 'The node was deleted.');
    const isPlaced = placements.some((placed) => placed.want === 'run' && placed.image === image);
    if (!isPlaced && !(await aheadImages.get(scope, caller.node)).images.includes(image)) {
      throw problem('image.not-wanted', `This node is not to have ${image}.`);
    }
    return { login: (await registryLogins.find(scope, image)) ?? null };
  },
);
