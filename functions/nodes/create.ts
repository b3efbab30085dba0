import { contract } from '#contract/operations.ts';
import { showEnrollment, showNode } from '#contract/view/node.ts';
import { consentsOf } from '#domain/docker.ts';
import { memberPermissions } from '#domain/permissions.ts';
import { assertRole } from '#lambda/admission.ts';
import { serve } from '#lambda/serve.ts';
import { enrollments } from '#runtime/services/enrollments.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(
  contract.nodes.create,
  { table, enrollments },
  async ({ scope, body, by, once, now, publicUrl }, { table, enrollments }) => {
    enrollments.assertAvailable(body.type);
    const allow = consentsOf(body.allow);
    if (allow.length > 0) {
      assertRole((await scope.member).role, memberPermissions['nodes.allow'], '`allow`');
    }
    const { code, code_hash, expires_at } = enrollments.begin();
    const { ip_address = null, port = null, max_instances = null, labels = [], ...named } = body;
    const draft = { ...named, ip_address, port, max_instances, labels, allow };
    const { created, replayed } = await table.nodes.create(scope, draft, {
      by,
      once,
      enrollment: { code_hash, expires_at },
    });
    // Of a replay nobody knows the code any more: only its hash was kept.
    return {
      ...showNode(created, undefined, now),
      ...(!replayed && { enrollment: showEnrollment(publicUrl, code, expires_at, enrollments.allowHttp) }),
    };
  },
);
