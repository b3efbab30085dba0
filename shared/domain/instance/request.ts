import { consentFor } from '../docker.ts';
import type { Instance } from '../instance.ts';
import type { Node, NodeFacts } from '../node.ts';
import { keeper } from '../replacement.ts';
import type { Runner } from '../runner.ts';
import { graceSeconds } from './deadlines.ts';
import { dueOf } from './due.ts';

/** What an instance is made from. */
export interface Request {
  readonly org: string;
  readonly uid: string;
  readonly runner: Runner;
  readonly node: Node;
  /** What the node has said of itself, if it has. */
  readonly facts?: Pick<NodeFacts, 'hostname'> | undefined;
  /** Who asks, by uid, or `keeper`. */
  readonly by?: string | undefined;
  /** Whether it is the one that is made after a failure. */
  readonly probe?: boolean;
}

/** Where an instance is: its node's address, else its host name, else its name. */
export const hostOf = (node: Pick<Node, 'ip_address' | 'name'>, facts?: Pick<NodeFacts, 'hostname'>): string =>
  node.ip_address || facts?.hostname || node.name;

/** An instance that somebody has just asked for. */
export function request({ org, uid, runner, node, facts, by, probe = false }: Request, now: number): Instance {
  const docker = consentFor(runner.docker);
  const row: Instance = {
    org,
    uid,
    runner: runner.uid,
    node: node.uid,
    runner_name: runner.name,
    node_name: node.name,
    host: hostOf(node, facts),
    image: runner.docker_image,
    runner_source: runner.runner_source,
    limits: runner.limits,
    ...(runner.pull_policy && { pull_policy: runner.pull_policy }),
    ...(docker && { docker }),
    ...(runner.max_lifetime_minutes && { max_lifetime_minutes: runner.max_lifetime_minutes }),
    ephemeral: runner.ephemeral,
    want: 'run',
    generation: now,
    revision: 1,
    state: 'requested',
    state_at: now,
    attempts: 0,
    grace_seconds: graceSeconds.idle,
    github_runner: 'none',
    github_tries: 0,
    created_at: now,
    ...(by !== undefined && { created_by: by }),
    ...((by === keeper || (runner.desired_instances ?? 0) > 0) && { kept: true }),
    ...(probe && { probe }),
  };
  return { ...row, due: dueOf(row, now) ?? now };
}
