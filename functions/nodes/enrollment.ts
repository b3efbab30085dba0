import { contract } from '#contract/operations.ts';
import { showEnrollment } from '#contract/view/node.ts';
import { serve } from '#lambda/serve.ts';
import { enrollments } from '#runtime/services/enrollments.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(
  contract.nodes.enrollment,
  { table, enrollments },
  async ({ scope, params, by, publicUrl }, { table, enrollments }) => {
    const { code, code_hash, expires_at } = enrollments.begin();
    const node = await table.nodes.renewEnrollment(scope, params.node_id, {
      by,
      enrollment: { code_hash, expires_at },
    });
    const { uid, name, type } = node;
    return {
      node: { uid, name, type },
      enrollment: showEnrollment(publicUrl, code, expires_at, enrollments.allowHttp),
    };
  },
);
