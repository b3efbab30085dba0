import { contract } from '#contract/operations.ts';
import { showNode } from '#contract/view/node.ts';
import { consentsOf } from '#domain/docker.ts';
import { memberPermissions } from '#domain/permissions.ts';
import { assertRole } from '#lambda/admission.ts';
import { answer } from '#lambda/answer.ts';
import { given } from '#lambda/given.ts';
import { serve } from '#lambda/serve.ts';
import { assertUnchanged } from '#lambda/unchanged.ts';
import { table } from '#runtime/services/table.ts';

const operation = contract.nodes.change;

export const handler = serve(
  operation,
  { table },
  async ({ scope, params: { node_id }, body, by, ifMatch, now }, { table }) => {
    const { name, status, ip_address, port, max_instances, labels } = body;
    const allow = body.allow && consentsOf(body.allow);
    const [{ roster }, node] = await Promise.all([
      table.nodes.get(scope, node_id),
      table.nodes.change(
        scope,
        node_id,
        async (before) => {
          assertUnchanged(operation, body, showNode(before, undefined, now));
          if (allow && `${allow}` !== `${consentsOf(before.allow)}`) {
            assertRole((await scope.member).role, memberPermissions['nodes.allow'], 'To change `allow`');
          }
          return given({ name, status, ip_address, port, max_instances, labels, allow });
        },
        { by, ifMatch },
      ),
    ]);
    return answer(showNode(node, roster, now), { version: node.version });
  },
);
