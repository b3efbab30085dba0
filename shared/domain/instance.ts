import * as z from 'zod';
import { DockerConsent } from './docker.ts';
import { Limits, PullPolicy, RunnerSource } from './runner.ts';
import { jobResults } from './runner-lines.ts';

/** What an instance is while it is live: from the customer's wish to the node's confirmation that nothing is left. */
export const liveStates = [
  'requested',
  'pulling',
  'claimed',
  'started',
  'running',
  'ended',
  'failing',
  'deleting',
] as const;

/** What it is for good: moved to `PAST#` (stopped, failed) or `DELETED#`. */
export const finalStates = ['stopped', 'failed', 'deleted'] as const;

/** Every state of an instance. */
export const InstanceState = z.enum([...liveStates, ...finalStates]);
export type InstanceState = z.output<typeof InstanceState>;

/** What the customer, or a deadline, wants of an instance. */
export const Want = z.enum(['run', 'gone']);
export type Want = z.output<typeof Want>;

/** Why an instance is what it is, in a sentence that a person can act on. */
export const InstanceReason = z.object({ code: z.string(), detail: z.string(), since: z.int() });
export type InstanceReason = z.output<typeof InstanceReason>;

/** The start that a node has claimed; `minted` once GitHub has made a credential for it. */
export const Claim = z.object({
  id: z.string(),
  boot_id: z.string(),
  at: z.int(),
  lease_until: z.int(),
  minted: z.boolean(),
});
export type Claim = z.output<typeof Claim>;

/** The last report that counted, of this generation; `at` is when we were told. */
export const Report = z.object({
  seq: z.int(),
  state: z.enum(['pulling', 'created', 'running', 'listening', 'busy', 'exited', 'gone', 'refused']),
  at: z.int(),
});
export type Report = z.output<typeof Report>;

/**
 * Whether GitHub may have a runner of this instance: `none` before a credential was made and where GitHub can't be asked,
 * `registered` from then on, `forgotten` once it is known to be gone, `unknown` when we have no credential to ask with.
 */
export const GithubRunner = z.enum(['none', 'registered', 'forgotten', 'unknown']);

/** The job before the one that runs, if any: `started_at` is absent where nobody told of its start, `ended_at` of its end. */
export const LastJob = z.object({
  name: z.string(),
  started_at: z.int().optional(),
  ended_at: z.int().optional(),
  result: z.enum(jobResults).optional(),
});
export type LastJob = z.output<typeof LastJob>;

/** A reboot of the node that took the container down, and the job that it took with it. */
export const Rebooted = z.object({ at: z.int(), job: z.string().optional() });

/** A container of a runner on a node. Times are epoch milliseconds. */
export const Instance = z.object({
  org: z.string(),
  uid: z.string(),
  runner: z.string(),
  node: z.string(),
  /** Names and host as they were when it was made, for when the runner and the node are gone. */
  runner_name: z.string(),
  node_name: z.string(),
  host: z.string(),
  image: z.string(),
  runner_source: RunnerSource,
  limits: Limits,
  pull_policy: PullPolicy.optional(),
  /** What its jobs have of Docker; absent: nothing. */
  docker: DockerConsent.optional(),
  max_lifetime_minutes: z.int().optional(),
  ephemeral: z.boolean(),
  want: Want,
  /** Raised whenever `want` changes: `max(previous + 1, now)`. Claims and reports of others are ignored. */
  generation: z.int(),
  /** Raised by every write: what an optimistic transaction is conditioned on. */
  revision: z.int(),
  state: InstanceState,
  /** When it entered `state`. */
  state_at: z.int(),
  /** Claims that minted and refusals that may be tried again; five at most. */
  attempts: z.int(),
  /** No claim is granted before. */
  not_before: z.int().optional(),
  /** The first of a row of answers by which GitHub was unavailable. */
  github_unavailable_since: z.int().optional(),
  claim: Claim.optional(),
  report: Report.optional(),
  /** When its node first reported anything of it. */
  reported_at: z.int().optional(),
  /** The last sync of its node before its end; fixed from then on. */
  heartbeat_at: z.int().optional(),
  job: z.object({ name: z.string(), started_at: z.int() }).optional(),
  last_job: LastJob.optional(),
  /** When the image began to be pulled, when the start was claimed, when the container was there: the last time each. */
  pulling_at: z.int().optional(),
  claimed_at: z.int().optional(),
  container_at: z.int().optional(),
  started_at: z.int().optional(),
  listening_at: z.int().optional(),
  /** The boot of its node's machine in which its container was started last, as far as we were asked. */
  boot_id: z.string().optional(),
  /** The last reboot after which its container is to run again, and when it did: absent until then. */
  rebooted: Rebooted.optional(),
  restarted_at: z.int().optional(),
  ended_at: z.int().optional(),
  /** When somebody deleted it, and who, by uid, or `keeper`; when its node confirmed that nothing is left. */
  deleted_at: z.int().optional(),
  deleted_by: z.string().optional(),
  gone_at: z.int().optional(),
  exit_code: z.int().optional(),
  reason: InstanceReason.optional(),
  /** How long what runs may take to stop, once it is to be gone. */
  grace_seconds: z.int(),
  github_runner: GithubRunner,
  /** How often the sweep has tried to delete the runner at GitHub. */
  github_tries: z.int(),
  github_tried_at: z.int().optional(),
  /** When the sweep must look again; absent at rest. */
  due: z.int().optional(),
  created_at: z.int(),
  /** Who asked for it, by uid, or `keeper`. */
  created_by: z.string().optional(),
  /** Its runner counts it (`alive`), and is told of its end. */
  kept: z.boolean().optional(),
  /** It is the one that is made after a failure: its runner is told whether it listens. */
  probe: z.boolean().optional(),
});
export type Instance = z.output<typeof Instance>;

const final: readonly InstanceState[] = finalStates;

/** Whether nothing but its deletion will ever change it. */
export const isFinal = ({ state }: Pick<Instance, 'state'>): boolean => final.includes(state);

/** Whether it runs a job: what the runner's `busy` counts. */
export const isBusy = (row: Pick<Instance, 'want' | 'state' | 'job'>): boolean =>
  row.want === 'run' && row.state === 'running' && row.job !== undefined;

const alive: readonly InstanceState[] = ['requested', 'pulling', 'claimed', 'started', 'running'];

/** Whether it is on its way to a job, or runs one: what fails, has ended or is to go is not. */
export const isAlive = (row: Pick<Instance, 'want' | 'state'>): boolean =>
  row.want === 'run' && alive.includes(row.state);

/** Whether it is one of those alive that its runner counts. */
export const isKept = (row: Pick<Instance, 'want' | 'state' | 'kept'>): boolean => row.kept === true && isAlive(row);

/** Whether its container is to be started again as it is: it has registered its runner, and its node was rebooted. */
export const isRestart = (row: Pick<Instance, 'rebooted' | 'restarted_at'>): boolean =>
  row.rebooted !== undefined && row.restarted_at === undefined;

/** The container's name on the node, and the runner's name at GitHub. */
export const containerName = (uid: string): string => `rp-${uid}`;

/** What a node is told of an instance: a row of the node's own partition, and all that a sync reads. */
export const Placement = z.object({
  uid: z.string(),
  runner: z.string(),
  generation: z.int(),
  want: Want,
  image: z.string(),
  runner_source: RunnerSource,
  limits: Limits,
  pull_policy: PullPolicy.optional(),
  docker: DockerConsent.optional(),
  grace_seconds: z.int(),
  not_before: z.int().optional(),
  /** What has run before, in another boot, is to be started again. */
  restart: z.boolean().optional(),
});
export type Placement = z.output<typeof Placement>;

/**
 * What the node is told of this instance; undefined once the node has confirmed that nothing is left. An instance that
 * ended by itself is to be removed, although its row's `want` and generation stay, so that reports of it still count.
 */
export function placementOf(row: Instance): Placement | undefined {
  if (isFinal(row)) return undefined;
  const { uid, runner, generation, image, runner_source, limits, pull_policy, docker, grace_seconds, not_before } = row;
  const want = row.state === 'ended' ? 'gone' : row.want;
  return {
    uid,
    runner,
    generation,
    want,
    image,
    runner_source,
    limits,
    ...(pull_policy && { pull_policy }),
    ...(docker && { docker }),
    grace_seconds,
    ...(not_before === undefined || want === 'gone' ? {} : { not_before }),
    ...(want === 'run' && isRestart(row) && { restart: true }),
  };
}

/** Which of an instance's three possible rows holds it: among the live ones, the ended ones or the deleted ones. */
export function shelfOf(row: Pick<Instance, 'state'>): 'live' | 'past' | 'deleted' {
  if (row.state === 'deleted') return 'deleted';
  return isFinal(row) ? 'past' : 'live';
}
