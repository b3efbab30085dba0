import * as z from 'zod';
import { Architecture } from '#domain/architecture.ts';
import { DockerAccess } from '#domain/docker.ts';
import { ContainerEnvironment, DockerImage, GithubRepo, Label, Name, RunnerToken } from '#domain/grammar.ts';
import { PullPolicy, RunnerSource } from '#domain/runner.ts';
import { Deleted, NoQuery, OrgParams, PathId, pageQuery, QueryFlag, Timestamp, Uid, Warning } from './fields.ts';
import { operation } from './operation.ts';

const RunnerStatus = z.enum(['idle', 'active']);

/**
 * What has come of `desired_instances`: how many are alive, in how many rounds in a row one has failed, why there are
 * fewer, and when it is tried again.
 */
const Replacement = z.object({
  alive: z.int(),
  failures: z.int(),
  reason: z.object({ code: z.string(), detail: z.string(), since: Timestamp }).nullable(),
  next_at: Timestamp.nullable(),
});

/** A runner, as the API shows it; the token is masked to whoever may not manage runners. */
export const Runner = z.object({
  uid: Uid,
  name: z.string(),
  status: RunnerStatus,
  docker_image: z.string(),
  github_repo: z.string(),
  github_runner_token: z.string(),
  created_at: Timestamp,
  scope: z.enum(['repository', 'organization']),
  github_runner_token_expires_at: Timestamp.nullable(),
  ephemeral: z.boolean(),
  labels: z.array(z.string()),
  runner_source: RunnerSource,
  runner_group_id: z.int(),
  cpus: z.number().nullable(),
  memory_mb: z.int().nullable(),
  pids_limit: z.int().nullable(),
  node_labels: z.array(z.string()),
  architecture: Architecture.nullable(),
  environment: z.record(z.string(), z.string()),
  pull_policy: PullPolicy.nullable(),
  prepull: z.boolean(),
  docker: DockerAccess,
  max_lifetime_minutes: z.int().nullable(),
  desired_instances: z.int(),
  replacement: Replacement.nullable(),
  instances: z.int(),
  warnings: z.array(Warning),
});

const options = {
  ephemeral: z.boolean().optional(),
  labels: z.array(Label).max(64, 'must have at most 64 labels').optional(),
  runner_source: RunnerSource.optional(),
  runner_group_id: z.int('must be a whole number').min(1, 'must be at least 1').optional(),
  cpus: z.number().min(0.01, 'must be at least 0.01').max(4096, 'must be at most 4096').nullish(),
  memory_mb: z.int('must be a whole number').min(64, 'must be at least 64').max(16_777_216).nullish(),
  pids_limit: z.int('must be a whole number').min(32, 'must be at least 32').max(4_194_304).nullish(),
  /** Where no node is named, one is chosen that has all of these labels, and this architecture. */
  node_labels: z.array(Label).max(32, 'must have at most 32 labels').optional(),
  architecture: Architecture.nullish(),
  environment: ContainerEnvironment.optional(),
  pull_policy: PullPolicy.nullish(),
  /** Whether nodes that could run it pull its image before it is needed. */
  prepull: z.boolean().optional(),
  /** What its jobs have of Docker: other than `none` only on nodes whose owner allows it. */
  docker: DockerAccess.optional(),
  max_lifetime_minutes: z
    .int('must be a whole number')
    .min(5, 'must be at least 5')
    .max(43_200, 'must be at most 43200, which are 30 days')
    .nullish(),
  /** How many instances are kept alive, by replacing those that have ended. */
  desired_instances: z
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(100, 'must be at most 100')
    .optional(),
};

const RunnerParams = OrgParams.extend({ runner_id: PathId });

const token = 'ghr_1234567890abcdef';
const runner = {
  uid: 'r1u2n3e4-5678-90ab-cdef-1234567890ab',
  name: 'Runner-01',
  status: 'idle',
  docker_image: 'ubuntu:22.04',
  github_repo: 'Gigatech/my-repo',
  github_runner_token: token,
  created_at: '2025-10-15T12:10:00Z',
  scope: 'repository',
  github_runner_token_expires_at: '2025-10-15T13:10:00Z',
  ephemeral: false,
  labels: [],
  runner_source: 'auto',
  runner_group_id: 1,
  cpus: null,
  memory_mb: null,
  pids_limit: null,
  node_labels: [],
  architecture: null,
  environment: {},
  pull_policy: null,
  prepull: true,
  docker: 'none',
  max_lifetime_minutes: null,
  desired_instances: 0,
  replacement: null,
  instances: 0,
  warnings: [
    {
      code: 'registration-token',
      detail: 'A registration token lives for an hour. Give a PAT or an installation token to start instances later.',
    },
  ],
};

export const create = operation({
  id: 'runners.create',
  method: 'POST',
  path: '/org/{org_id}/runners',
  summary: 'Create a runner',
  description:
    '`github_runner_token` is a PAT or an App’s installation token (a runner is then registered anew for each ' +
    'instance, and removed at GitHub with it), or a registration token, which lives for an hour. `environment` is not ' +
    'for secrets: everybody in the organization sees it. Without `pull_policy` an image is pulled where it is missing, ' +
    'and that of the tag `latest` at each start. With `prepull` (the default), nodes that could run it pull a missing ' +
    'image before they need it. After `max_lifetime_minutes` an instance is ended, idle or after its ' +
    'job; a job that goes on for six more hours is cancelled. `desired_instances` are kept alive: what has ended is ' +
    'replaced, what fails is tried again ever more slowly, and what is too many and idle is removed, unless a person ' +
    'has made it. `replacement` says how that goes. ' +
    '`docker` is for jobs that build images, run in containers or have services: `dind` gives each instance a Docker ' +
    'daemon of its own, `socket` the one of its node; both only on nodes whose `allow` has it.',
  tag: 'Runners',
  audience: 'user',
  params: OrgParams,
  query: NoQuery,
  body: z.strictObject({
    name: Name,
    docker_image: DockerImage,
    github_repo: GithubRepo,
    github_runner_token: RunnerToken,
    ...options,
  }),
  reply: Runner,
  problems: ['organization.limit', 'runner.token-masked'],
  idempotent: true,
  examples: {
    order: {
      body: {
        name: 'Runner-01',
        docker_image: 'ubuntu:22.04',
        github_repo: 'Gigatech/my-repo',
        github_runner_token: token,
      },
      reply: runner,
    },
  },
});

export const list = operation({
  id: 'runners.list',
  method: 'GET',
  path: '/org/{org_id}/runners',
  summary: 'List the runners of an organization',
  tag: 'Runners',
  audience: 'user',
  params: OrgParams,
  query: z.strictObject({ ...pageQuery, status: RunnerStatus.optional(), name: Name.optional() }),
  reply: z.array(Runner),
  problems: [],
  paged: true,
  examples: {
    order: { reply: [runner] },
  },
});

export const get = operation({
  id: 'runners.get',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}',
  summary: 'Get a runner',
  tag: 'Runners',
  audience: 'user',
  params: RunnerParams,
  query: NoQuery,
  reply: Runner,
  problems: ['runner.not-found'],
  versioned: true,
  examples: { order: { reply: runner } },
});

export const change = operation({
  id: 'runners.change',
  method: 'PUT',
  path: '/org/{org_id}/runners/{runner_id}',
  summary: 'Change a runner',
  description:
    'Changes what it names and leaves the rest. A changed image or token applies to new instances. Where ' +
    '`desired_instances` are kept, those that are missing are tried at once.',
  tag: 'Runners',
  audience: 'user',
  params: RunnerParams,
  query: NoQuery,
  body: z.strictObject({
    name: Name.optional(),
    docker_image: DockerImage.optional(),
    github_repo: GithubRepo.optional(),
    github_runner_token: RunnerToken.optional(),
    ...options,
    uid: z.unknown().optional(),
    status: z.unknown().optional(),
    created_at: z.unknown().optional(),
    scope: z.unknown().optional(),
    replacement: z.unknown().optional(),
    github_runner_token_expires_at: z.unknown().optional(),
    instances: z.unknown().optional(),
    warnings: z.unknown().optional(),
  }),
  readOnly: {
    equal: ['uid', 'created_at'],
    ignored: ['status', 'scope', 'replacement', 'instances', 'warnings', 'github_runner_token_expires_at'],
  },
  reply: Runner,
  problems: ['runner.not-found', 'runner.token-masked'],
  versioned: true,
  examples: {
    order: {
      body: { name: 'Runner-01-Updated', github_runner_token: token },
      reply: { ...runner, name: 'Runner-01-Updated' },
    },
  },
});

export const remove = operation({
  id: 'runners.remove',
  method: 'DELETE',
  path: '/org/{org_id}/runners/{runner_id}',
  summary: 'Delete a runner',
  description: 'Refused while it has instances, unless `?force=true`: that deletes them too.',
  tag: 'Runners',
  audience: 'user',
  params: RunnerParams,
  query: z.strictObject({ force: QueryFlag.optional() }),
  reply: Deleted,
  problems: ['runner.not-found', 'runner.has-instances'],
  examples: { order: { reply: { message: 'Runner deleted successfully.' } } },
});
