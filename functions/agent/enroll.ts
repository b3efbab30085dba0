import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { activations } from '#runtime/services/activations.ts';
import { enrollments } from '#runtime/services/enrollments.ts';
import { program } from '#runtime/services/program.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(
  contract.agent.enroll,
  { table, enrollments, activations, program },
  async ({ body: { code, bell, ...said }, now }, { table, enrollments, activations, program }) => {
    // Whatever may fail comes before the code is spent.
    const agent = await program.release();
    const { secret, token_hash } = enrollments.token();
    const code_hash = enrollments.hashOf(code);
    const { node, scope } = await table.agents.enroll({
      ...said,
      code_hash,
      token_hash,
      poll_seconds: enrollments.firstPollSeconds,
    });
    const { uid, name } = node;
    const { org: organization } = scope;
    const expiresAt = now + enrollments.goodForMs;
    const activation = bell === 'register' ? await activations.create({ organization, node: uid, expiresAt }) : null;
    return {
      node: { uid, name, organization, deployment: enrollments.deployment },
      token: `${uid}.${secret}`,
      activation,
      agent,
    };
  },
);
