import * as z from 'zod';
import { Architecture } from './architecture.ts';
import { DockerAccess } from './docker.ts';
import { Failure, Replacement } from './replacement.ts';

/** Where GitHub's runner comes from: the image has it, the node mounts it, or whichever is there. */
export const RunnerSource = z.enum(['auto', 'image', 'mount']);
export type RunnerSource = z.output<typeof RunnerSource>;

/** When the node asks the registry for the image; without one, for the tag `latest` always, else where it is missing. */
export const PullPolicy = z.enum(['missing', 'always', 'never']);
export type PullPolicy = z.output<typeof PullPolicy>;

/** What a container may use at most. */
export const Limits = z.object({
  cpus: z.number().nullable(),
  memory_mb: z.int().nullable(),
  pids: z.int().nullable(),
});
export type Limits = z.output<typeof Limits>;

/** What kind of credential a runner has: see `credential.ts`. */
export const CredentialKind = z.enum(['registration', 'pat', 'installation']);
export type CredentialKind = z.output<typeof CredentialKind>;

/** A runner: a description of which its instances are made. The credential is sealed. */
export const Runner = z.object({
  uid: z.string(),
  name: z.string(),
  docker_image: z.string(),
  github_repo: z.string(),
  credential: z.string(),
  credential_kind: CredentialKind,
  credential_mask: z.string(),
  credential_hash: z.string(),
  credential_expires_at: z.int().optional(),
  ephemeral: z.boolean(),
  labels: z.array(z.string()),
  runner_source: RunnerSource,
  runner_group_id: z.int(),
  limits: Limits,
  /** What a node needs to have to be chosen. */
  node_labels: z.array(z.string()).optional(),
  architecture: Architecture.optional(),
  environment: z.record(z.string(), z.string()).optional(),
  pull_policy: PullPolicy.optional(),
  /** False: its image is pulled when it is needed, and not before. */
  prepull: z.boolean().optional(),
  /** Absent in older rows: none. */
  docker: DockerAccess.optional(),
  max_lifetime_minutes: z.int().optional(),
  /** How many instances are kept alive, by replacing those that have ended; 0, or absent: nobody keeps any. */
  desired_instances: z.int().optional(),
  /** Of the instances that are kept those that are alive: `isKept`. */
  alive: z.int().optional(),
  /** There are instances from before anybody kept any: they are to be counted. */
  uncounted: z.boolean().optional(),
  /** The one instance that is made after a failure, until it listens or has ended. */
  probe: z.string().optional(),
  /** What was told of kept instances since somebody has looked at it. */
  failed: Failure.optional(),
  probe_listened_at: z.int().optional(),
  /** When one last ended that had been of use: after a job, or after a minute. */
  useful_at: z.int().optional(),
  replacement: Replacement.optional(),
  instances: z.int(),
  busy: z.int(),
  deleting_at: z.int().optional(),
  version: z.int(),
  created_at: z.int(),
});
export type Runner = z.output<typeof Runner>;
