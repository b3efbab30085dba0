import * as z from 'zod';
import { Event } from './events.ts';
import { Deleted, NoQuery, OrgParams, PathId, pageQuery, QueryFlag, queryInteger, Timestamp, Uid } from './fields.ts';
import { operation } from './operation.ts';

/** What an instance is shown as. An open list for clients: more may come. */
export const InstanceStatus = z.enum(['provisioning', 'online', 'busy', 'stopped', 'failed', 'offline']);

/** Why an instance is neither online nor busy. */
export const Reason = z.object({ code: z.string(), detail: z.string(), since: Timestamp });

/** An instance, as the API shows it. */
export const Instance = z.object({
  uid: Uid,
  runner: z.object({ uid: Uid, name: z.string() }),
  node: z.object({ uid: Uid, name: z.string() }),
  instance_identifier: z.string(),
  instance_host: z.string(),
  status: InstanceStatus,
  last_heartbeat: Timestamp.nullable(),
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  listening_at: Timestamp.nullable(),
  ended_at: Timestamp.nullable(),
  exit_code: z.int().nullable(),
  job: z.object({ name: z.string(), started_at: Timestamp }).nullable(),
  reason: Reason.optional(),
});

/** The latest sample of an instance, in percent with one decimal. */
export const Metrics = z.object({
  cpu_usage: z.number().min(0).max(100),
  memory_usage: z.number().min(0).max(100),
  disk_usage: z.number().min(0).max(100),
  timestamp: Timestamp,
});

/** What a line of a log is about. */
export const Level = z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']);

/** A line of an instance's log; `seq` grows from line to line. */
export const LogLine = z.object({ timestamp: Timestamp, level: Level, message: z.string(), seq: z.int() });

const RunnerParams = OrgParams.extend({ runner_id: PathId });
const InstanceParams = RunnerParams.extend({ instance_id: PathId });

const instance = {
  uid: 'i1n2s3t4-5678-90ab-cdef-1234567890ab',
  runner: { uid: 'r1u2n3e4-5678-90ab-cdef-1234567890ab', name: 'Runner-01' },
  node: { uid: 'f1e2d3c4-5678-90ab-cdef-1234567890ef', name: 'Node-01' },
  instance_identifier: 'container_01',
  instance_host: '192.168.1.10',
  status: 'online',
  last_heartbeat: '2025-10-15T12:15:00Z',
  created_at: '2025-10-15T12:14:56Z',
  started_at: '2025-10-15T12:14:57Z',
  listening_at: '2025-10-15T12:15:00Z',
  ended_at: null,
  exit_code: null,
  job: null,
};

export const create = operation({
  id: 'instances.create',
  method: 'POST',
  path: '/org/{org_id}/runners/{runner_id}/instance',
  summary: 'Start an instance of a runner',
  description:
    'Waits a little for it to be online, 5 s unless `Prefer: wait=N` (at most 25) or `Prefer: respond-async` says ' +
    'otherwise, and then answers with whatever is true: `status` and `reason` tell. Without `node_id` a node is chosen.',
  tag: 'Instances',
  audience: 'user',
  params: RunnerParams,
  query: NoQuery,
  body: z.strictObject({ node_id: PathId.optional() }),
  reply: Instance,
  problems: [
    'runner.not-found',
    'runner.deleting',
    'runner.token-expired',
    'node.not-found',
    'node.inactive',
    'node.full',
    'node.not-allowed',
    'node.none-available',
    'organization.limit',
  ],
  idempotent: true,
  waits: true,
  examples: { order: { body: { node_id: 'f1e2d3c4-5678-90ab-cdef-1234567890ef' }, reply: instance } },
});

export const list = operation({
  id: 'instances.list',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}/instance',
  summary: 'List the instances of a runner',
  description: 'Live ones first, then ended ones, each newest first. `?live=true` leaves the ended ones out.',
  tag: 'Instances',
  audience: 'user',
  params: RunnerParams,
  query: z.strictObject({ ...pageQuery, live: QueryFlag.optional(), status: InstanceStatus.optional() }),
  reply: z.array(Instance),
  problems: ['runner.not-found'],
  paged: true,
  examples: {
    order: {
      reply: [instance],
    },
  },
});

export const get = operation({
  id: 'instances.get',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}/instance/{instance_id}',
  summary: 'Get an instance',
  tag: 'Instances',
  audience: 'user',
  params: InstanceParams,
  query: NoQuery,
  reply: Instance,
  problems: ['instance.not-found'],
  examples: { order: { reply: instance } },
});

export const remove = operation({
  id: 'instances.remove',
  method: 'DELETE',
  path: '/org/{org_id}/runners/{runner_id}/instance/{instance_id}',
  summary: 'Delete an instance',
  description:
    'From the answer on it is 404, and its container is removed for certain: at once, or when its node is back. One ' +
    'that runs a job is refused, unless `?force=true`.',
  tag: 'Instances',
  audience: 'user',
  params: InstanceParams,
  query: z.strictObject({ force: QueryFlag.optional() }),
  reply: Deleted,
  problems: ['instance.not-found', 'instance.busy'],
  examples: { order: { reply: { message: 'Runner instance deleted successfully.' } } },
});

export const metrics = operation({
  id: 'instances.metrics',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}/instance/{instance_id}/metrics',
  summary: 'Get the latest metrics of an instance',
  description:
    'Percent. `cpu_usage` of its CPU limit, else of the node’s CPUs; `memory_usage` of its limit, else of the node’s ' +
    'memory; `disk_usage` of the file system that holds Docker’s data.',
  tag: 'Monitoring',
  audience: 'user',
  params: InstanceParams,
  query: NoQuery,
  reply: Metrics,
  problems: ['instance.not-found', 'metrics.none-yet', 'rate.limited'],
  examples: {
    order: {
      reply: { cpu_usage: 45.5, memory_usage: 70.2, disk_usage: 80.1, timestamp: '2025-10-15T12:20:00Z' },
    },
  },
});

export const logs = operation({
  id: 'instances.logs',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}/instance/{instance_id}/logs',
  summary: 'Get the recent log of an instance',
  description:
    'The newest `limit` lines (100 unless said otherwise), oldest of them first. `Link` leads to older (`prev`) and ' +
    'newer (`next`) ones.',
  tag: 'Monitoring',
  audience: 'user',
  params: InstanceParams,
  query: z.strictObject({
    limit: queryInteger(1, 1000).optional(),
    cursor: pageQuery.cursor,
    since: z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time' }).optional(),
    until: z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time' }).optional(),
    level: Level.optional(),
  }),
  reply: z.array(LogLine),
  problems: ['instance.not-found', 'rate.limited'],
  paged: true,
  examples: {
    order: {
      reply: [
        {
          timestamp: '2025-10-15T12:18:00Z',
          level: 'INFO',
          message: 'Runner container started successfully.',
          seq: 1,
        },
        { timestamp: '2025-10-15T12:19:00Z', level: 'WARN', message: 'Runner heartbeat delayed.', seq: 2 },
      ],
    },
  },
});

export const events = operation({
  id: 'instances.events',
  method: 'GET',
  path: '/org/{org_id}/runners/{runner_id}/instance/{instance_id}/events',
  summary: 'List what happened to an instance',
  description:
    'Oldest first: requested, rung, pulling, claimed, created, started, listening, each job with its result, exited or ' +
    'failed and why, deleted, removed. Like its log it stays for 30 days, also when the instance has been deleted.',
  tag: 'Monitoring',
  audience: 'user',
  params: InstanceParams,
  query: z.strictObject(pageQuery),
  reply: z.array(Event),
  problems: ['instance.not-found'],
  paged: true,
  examples: {
    job: {
      reply: [
        {
          timestamp: '2025-10-15T12:14:56Z',
          code: 'requested',
          detail: 'An instance of Runner-01 on Node-01 was asked for.',
          by: 'u1s2e3r4-5678-90ab-cdef-1234567890ab',
          data: {},
        },
        {
          timestamp: '2025-10-15T12:15:00Z',
          code: 'listening',
          detail: 'The runner listened for jobs.',
          by: null,
          data: {},
        },
        {
          timestamp: '2025-10-15T12:20:00Z',
          code: 'job_ended',
          detail: 'The job "build" ended: Succeeded.',
          by: null,
          data: { job: 'build', result: 'Succeeded' },
        },
      ],
    },
  },
});

export const listAll = operation({
  id: 'organizations.instances',
  method: 'GET',
  path: '/org/{org_id}/instances',
  summary: 'List the instances of an organization',
  description:
    'Those of all its runners, one runner after the other, each newest first. Ended ones come after them, if ' +
    '`?ended=true`, or if `?status=` asks for `stopped` or `failed`.',
  tag: 'Instances',
  audience: 'user',
  params: OrgParams,
  query: z.strictObject({
    ...pageQuery,
    status: InstanceStatus.optional(),
    node: PathId.optional(),
    runner: PathId.optional(),
    ended: QueryFlag.optional(),
  }),
  reply: z.array(Instance),
  problems: [],
  paged: true,
  examples: { overview: { reply: [instance] } },
});
