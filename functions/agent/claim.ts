import { contract } from '#contract/operations.ts';
import { problem } from '#domain/problem.ts';
import { proven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { claims } from '#runtime/services/claims.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.agent.claim,
  { tableReader, claims },
  async ({ caller, params, body }, { tableReader, claims }) => {
    const found = proven(caller, await tableReader.agents.find(caller.node));
    if (found.agent.retired_at !== undefined) throw problem('token.invalid', 'The node was deleted.');
    const placed = found.placements.find(({ uid }) => uid === params.instance_id);
    if (!placed) throw problem('instance.not-found', `No instance "${params.instance_id}" is placed on this node.`);
    return claims.take(found.scope, caller.node, placed, body);
  },
);
