import { contract } from '#contract/operations.ts';
import { showRunner } from '#contract/view/runner.ts';
import { answer } from '#lambda/answer.ts';
import { emptied, given } from '#lambda/given.ts';
import { serve } from '#lambda/serve.ts';
import { assertUnchanged } from '#lambda/unchanged.ts';
import { credentials } from '#runtime/services/credentials.ts';
import { table } from '#runtime/services/table.ts';
import { upkeep } from '#runtime/services/upkeep.ts';

const operation = contract.runners.change;

export const handler = serve(
  operation,
  { table, credentials, upkeep },
  async ({ scope, params: { runner_id }, body, by, ifMatch }, { table, credentials, upkeep }) => {
    const { name, docker_image, github_repo, github_runner_token: token, cpus, memory_mb, pids_limit: pids } = body;
    const { ephemeral, labels, runner_source, runner_group_id, node_labels, environment, prepull } = body;
    const { architecture, pull_policy, docker, max_lifetime_minutes, desired_instances } = body;
    const sealed = token === undefined ? undefined : await credentials.seal(scope, runner_id, token);
    const changed = await table.runners.change(
      scope,
      runner_id,
      (before) => {
        assertUnchanged(operation, body, showRunner(before, ''));
        // An edit form sends the token that it was shown: it is not a new one, and gets no new hour.
        const fresh = sealed && sealed.credential_hash !== before.credential_hash ? sealed : undefined;
        const limits = { ...before.limits, ...given({ cpus, memory_mb, pids }) };
        return {
          // What is not said of the new one, was said of the old one.
          ...(fresh && { credential_expires_at: undefined, ...fresh }),
          ephemeral: ephemeral ?? before.ephemeral,
          ...given({
            name,
            docker_image,
            github_repo,
            labels,
            runner_source,
            runner_group_id,
            node_labels,
            environment,
            prepull,
            desired_instances,
            docker,
          }),
          ...emptied({ architecture, pull_policy, max_lifetime_minutes }),
          limits,
        };
      },
      { by, ifMatch },
    );
    const runner = await upkeep.of(scope, changed);
    const { role } = await scope.member;
    return answer(showRunner(runner, await credentials.show(scope, runner, role)), { version: runner.version });
  },
);
