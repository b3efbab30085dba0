import { contract } from '#contract/operations.ts';
import { showRunner } from '#contract/view/runner.ts';
import { filled, given } from '#lambda/given.ts';
import { serve } from '#lambda/serve.ts';
import { credentials } from '#runtime/services/credentials.ts';
import { ids } from '#runtime/services/ids.ts';
import { refill } from '#runtime/services/refill.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(
  contract.runners.create,
  { table, credentials, ids, refill },
  async ({ scope, body, by, once }, { table, credentials, ids, refill }) => {
    const { name, docker_image, github_repo, github_runner_token, ...options } = body;
    const uid = ids.uid();
    const sealed = await credentials.seal(scope, uid, github_runner_token);
    const { desired_instances } = options;
    const { cpus = null, memory_mb = null, pids_limit: pids = null } = options;
    const draft = {
      uid,
      name,
      docker_image,
      github_repo,
      ...sealed,
      ephemeral: options.ephemeral ?? sealed.ephemeral,
      labels: options.labels ?? [],
      runner_source: options.runner_source ?? ('auto' as const),
      runner_group_id: options.runner_group_id ?? 1,
      limits: { cpus, memory_mb, pids },
      ...given({ node_labels: options.node_labels, environment: options.environment, prepull: options.prepull }),
      ...given({ docker: options.docker, desired_instances }),
      ...filled({
        architecture: options.architecture,
        pull_policy: options.pull_policy,
        max_lifetime_minutes: options.max_lifetime_minutes,
      }),
    };
    const { created } = await table.runners.create(scope, draft, { by, once });
    const runner = desired_instances ? await refill.of(scope, created) : created;
    const { role } = await scope.member;
    return showRunner(runner, await credentials.show(scope, runner, role));
  },
);
