import { contract } from '#contract/operations.ts';
import { problem } from '#domain/problem.ts';
import { assertProven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { aheadImages } from '#runtime/services/ahead.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.agent.images,
  { tableReader, aheadImages },
  async ({ caller }, { tableReader, aheadImages }) => {
    const found = await tableReader.agents.findAgent(caller.node);
    assertProven(caller, found?.agent);
    if (found.agent.retired_at !== undefined) throw problem('token.invalid', 'The node was deleted.');
    const { images, dind } = await aheadImages.get(found.scope, caller.node);
    return { images: [...images], dind, again_seconds: aheadImages.againSeconds };
  },
);
