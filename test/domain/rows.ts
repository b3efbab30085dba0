import type { Node } from '#domain/node.ts';
import type { Runner } from '#domain/runner.ts';

/** A runner's row with a PAT; `given` changes what a test is about. */
export const runnerRow = (given: Partial<Runner> = {}): Runner => ({
  uid: 'runner-1',
  name: 'Runner-01',
  docker_image: 'ubuntu:22.04',
  github_repo: 'Gigatech/my-repo',
  credential: 'sealed',
  credential_kind: 'pat',
  credential_mask: 'ghp_…cdef',
  credential_hash: 'hash',
  ephemeral: true,
  labels: [],
  runner_source: 'auto',
  runner_group_id: 1,
  limits: { cpus: null, memory_mb: null, pids: null },
  instances: 0,
  busy: 0,
  version: 1,
  created_at: 0,
  ...given,
});

/** A node's row; `given` changes what a test is about. */
export const nodeRow = (given: Partial<Node> = {}): Node => ({
  uid: 'node-1',
  name: 'Node-01',
  type: 'Remote',
  ip_address: '192.168.1.10',
  port: 22,
  status: 'active',
  max_instances: null,
  labels: [],
  instances: 0,
  version: 1,
  created_at: 0,
  ...given,
});
