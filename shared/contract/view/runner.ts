import { credentialWarnings } from '#domain/credential.ts';
import type { Runner } from '#domain/runner.ts';
import { timestamp, timestampOrNull } from './time.ts';

/** What has come of keeping a number of instances alive; null, where nobody keeps any. */
function showReplacement({ desired_instances: desired = 0, alive = 0, replacement }: Runner) {
  if (desired === 0) return null;
  const { failures = 0, reason, next_at } = replacement ?? {};
  return {
    alive,
    failures,
    reason: reason ? { ...reason, since: timestamp(reason.since) } : null,
    next_at: timestampOrNull(next_at),
  };
}

/** A runner, as the API shows it; `token` is what somebody of the caller's role may see of its credential. */
export const showRunner = (runner: Runner, token: string) => ({
  uid: runner.uid,
  name: runner.name,
  status: runner.busy > 0 ? ('active' as const) : ('idle' as const),
  docker_image: runner.docker_image,
  github_repo: runner.github_repo,
  github_runner_token: token,
  created_at: timestamp(runner.created_at),
  scope: runner.github_repo.includes('/') ? ('repository' as const) : ('organization' as const),
  github_runner_token_expires_at: timestampOrNull(runner.credential_expires_at),
  ephemeral: runner.ephemeral,
  labels: runner.labels,
  runner_source: runner.runner_source,
  runner_group_id: runner.runner_group_id,
  cpus: runner.limits.cpus,
  memory_mb: runner.limits.memory_mb,
  pids_limit: runner.limits.pids,
  node_labels: runner.node_labels ?? [],
  architecture: runner.architecture ?? null,
  environment: runner.environment ?? {},
  pull_policy: runner.pull_policy ?? null,
  prepull: runner.prepull ?? true,
  docker: runner.docker ?? ('none' as const),
  max_lifetime_minutes: runner.max_lifetime_minutes ?? null,
  desired_instances: runner.desired_instances ?? 0,
  replacement: showReplacement(runner),
  instances: runner.instances,
  warnings: [...credentialWarnings(runner.credential_kind)],
});
