import * as z from 'zod';
import { DockerConsent } from '#domain/docker.ts';
import { Address, Label, Name, Note, Port } from '#domain/grammar.ts';
import { NodeFacts, NodeStatus, NodeType } from '#domain/node.ts';
import { Event } from './events.ts';
import { Deleted, NoQuery, OrgParams, PathId, pageQuery, QueryFlag, Timestamp, Uid, Warning } from './fields.ts';
import { operation } from './operation.ts';

/** The line that attaches a machine, shown once. */
export const Enrollment = z.object({ command: z.string(), expires_at: Timestamp });

/** That a node is being emptied; without a deadline, jobs may take as long as they take. `by` is a user's uid. */
export const Drain = z.object({
  since: Timestamp,
  deadline: Timestamp.nullable(),
  note: z.string().nullable(),
  by: Uid,
});

/** A node, as the API shows it. */
export const Node = z.object({
  uid: Uid,
  name: z.string(),
  type: NodeType,
  ip_address: z.string().nullable(),
  port: z.int().nullable(),
  status: NodeStatus,
  created_at: Timestamp,
  connection: z.enum(['pending', 'online', 'late', 'unreachable']),
  last_seen_at: Timestamp.nullable(),
  instances: z.int(),
  max_instances: z.int().nullable(),
  labels: z.array(z.string()),
  /** What an owner lets jobs here have of Docker. */
  allow: z.array(DockerConsent),
  drain: Drain.nullable(),
  facts: NodeFacts.nullable(),
  warnings: z.array(Warning),
  enrollment: Enrollment.optional(),
});

const MaxInstances = z.int('must be a whole number').min(1, 'must be 1 to 1000').max(1000, 'must be 1 to 1000');
const Labels = z.array(Label).max(32, 'must have at most 32 labels');
const Allow = z.array(DockerConsent).max(2, 'must have "dind" or "socket", or both, once each');
const NodeParams = OrgParams.extend({ node_id: PathId });

const line = {
  command:
    'curl -fsSL https://runners.example.com/agent/install.sh | sudo sh -s -- --url https://runners.example.com --code rpe_…',
  expires_at: '2025-10-15T13:05:00Z',
};

const node = {
  uid: 'f1e2d3c4-5678-90ab-cdef-1234567890ef',
  name: 'Node-01',
  type: 'Remote',
  ip_address: '192.168.1.10',
  port: 22,
  status: 'active',
  created_at: '2025-10-15T12:05:00Z',
  connection: 'online',
  last_seen_at: '2025-10-15T12:15:00Z',
  instances: 0,
  max_instances: null,
  labels: [],
  allow: [],
  drain: null,
  facts: null,
  warnings: [],
};

export const create = operation({
  id: 'nodes.create',
  method: 'POST',
  path: '/org/{org_id}/nodes',
  summary: 'Create a node',
  description:
    'A `Socket` node is the machine on which the control plane itself runs, and attaches itself. A `Remote` node is ' +
    'any machine with Docker: run the line in `enrollment.command` there; its agent dials out, nobody dials in. ' +
    '`ip_address` and `port` are kept and shown, and otherwise unused. Only an owner may set `allow`: it lets runners ' +
    'give their jobs Docker here (`dind`: a privileged daemon of each instance’s own; `socket`: the machine’s), and ' +
    'whoever writes such a job is root of the machine.',
  tag: 'Nodes',
  audience: 'user',
  params: OrgParams,
  query: NoQuery,
  body: z.strictObject({
    name: Name,
    type: NodeType,
    ip_address: Address.nullish(),
    port: Port.nullish(),
    max_instances: MaxInstances.nullish(),
    labels: Labels.optional(),
    allow: Allow.optional(),
  }),
  reply: Node,
  problems: ['organization.limit', 'node.type-unavailable'],
  idempotent: true,
  examples: {
    order: {
      body: { name: 'Node-01', type: 'Remote', ip_address: '192.168.1.10', port: 22 },
      reply: { ...node, connection: 'pending', last_seen_at: null, enrollment: line },
    },
  },
});

export const list = operation({
  id: 'nodes.list',
  method: 'GET',
  path: '/org/{org_id}/nodes',
  summary: 'List the nodes of an organization',
  tag: 'Nodes',
  audience: 'user',
  params: OrgParams,
  query: z.strictObject({ ...pageQuery, status: NodeStatus.optional(), name: Name.optional() }),
  reply: z.array(Node),
  problems: [],
  paged: true,
  examples: {
    order: {
      reply: [
        node,
        {
          ...node,
          uid: 'a1b2c3d4-5678-90ab-cdef-1234567890ff',
          name: 'Node-02',
          type: 'Socket',
          ip_address: null,
          port: null,
          status: 'inactive',
        },
      ],
    },
  },
});

export const get = operation({
  id: 'nodes.get',
  method: 'GET',
  path: '/org/{org_id}/nodes/{node_id}',
  summary: 'Get a node',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: NoQuery,
  reply: Node,
  problems: ['node.not-found'],
  versioned: true,
  examples: {
    order: { reply: node },
    cloned: {
      reply: {
        ...node,
        warnings: [
          {
            code: 'node_cloned',
            detail:
              'Two machines use the token of Node-01 since 2025-10-15T12:14:31Z: what runs goes on, and nothing is ' +
              'started there. `POST …/nodes/f1e2d3c4-5678-90ab-cdef-1234567890ef/enrollment` makes a line; the machine ' +
              'that runs it is the node from then on. Enroll the other one as a node of its own.',
          },
        ],
      },
    },
  },
});

export const change = operation({
  id: 'nodes.change',
  method: 'PUT',
  path: '/org/{org_id}/nodes/{node_id}',
  summary: 'Change a node',
  description:
    'Changes what it names and leaves the rest. `inactive` keeps what runs and takes no new instances. Only an owner may ' +
    'change `allow`; what it no longer allows goes on where it runs, and is not started any more.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: NoQuery,
  body: z.strictObject({
    name: Name.optional(),
    status: NodeStatus.optional(),
    ip_address: Address.nullish(),
    port: Port.nullish(),
    max_instances: MaxInstances.nullish(),
    labels: Labels.optional(),
    allow: Allow.optional(),
    uid: z.unknown().optional(),
    type: z.unknown().optional(),
    created_at: z.unknown().optional(),
    connection: z.unknown().optional(),
    last_seen_at: z.unknown().optional(),
    instances: z.unknown().optional(),
    drain: z.unknown().optional(),
    facts: z.unknown().optional(),
    warnings: z.unknown().optional(),
  }),
  readOnly: {
    equal: ['uid', 'type', 'created_at'],
    ignored: ['connection', 'last_seen_at', 'instances', 'drain', 'facts', 'warnings'],
  },
  reply: Node,
  problems: ['node.not-found'],
  versioned: true,
  examples: {
    order: {
      body: { name: 'Node-01-Updated', status: 'inactive' },
      reply: { ...node, name: 'Node-01-Updated', status: 'inactive' },
    },
  },
});

export const remove = operation({
  id: 'nodes.remove',
  method: 'DELETE',
  path: '/org/{org_id}/nodes/{node_id}',
  summary: 'Delete a node',
  description:
    'Refused while it has instances, unless `?force=true`: that deletes them too. Its machine removes what is left ' +
    'of them when it next syncs.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: z.strictObject({ force: QueryFlag.optional() }),
  reply: Deleted,
  problems: ['node.not-found', 'node.has-instances'],
  examples: { order: { reply: { message: 'Node deleted successfully.' } } },
});

export const drain = operation({
  id: 'nodes.drain',
  method: 'POST',
  path: '/org/{org_id}/nodes/{node_id}/drain',
  summary: 'Empty a node',
  description:
    'From now on it takes no new instances, whatever its `status`. Idle ones are deleted at once, busy ones when their ' +
    'job has ended. After `deadline_minutes` the jobs that still run are cancelled: their instances end with the reason ' +
    '`drained`, which has the note. A second call sets another deadline and note.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: NoQuery,
  body: z.strictObject({
    deadline_minutes: z
      .int('must be a whole number')
      .min(0, 'must be at least 0')
      .max(7200, 'must be at most 7200, which are five days')
      .optional(),
    note: Note.optional(),
  }),
  reply: Node,
  problems: ['node.not-found'],
  examples: {
    maintenance: {
      body: { deadline_minutes: 60, note: 'New disks' },
      reply: {
        ...node,
        drain: {
          since: '2025-10-15T12:15:00Z',
          deadline: '2025-10-15T13:15:00Z',
          note: 'New disks',
          by: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
        },
      },
    },
  },
});

export const undrain = operation({
  id: 'nodes.undrain',
  method: 'DELETE',
  path: '/org/{org_id}/nodes/{node_id}/drain',
  summary: 'Stop emptying a node',
  description: 'What still runs there, stays, and it takes new instances again, if its `status` is `active`.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: NoQuery,
  reply: Node,
  problems: ['node.not-found'],
  examples: { cancelled: { reply: node } },
});

export const enrollment = operation({
  id: 'nodes.enrollment',
  method: 'POST',
  path: '/org/{org_id}/nodes/{node_id}/enrollment',
  summary: 'Make a new enrollment line for a node',
  description: 'Voids the line before it. The code in it is good once, for an hour.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: NoQuery,
  reply: z.object({ node: z.object({ uid: Uid, name: z.string(), type: NodeType }), enrollment: Enrollment }),
  problems: ['node.not-found', 'node.type-unavailable'],
  examples: {
    remote: {
      reply: {
        node: { uid: 'f1e2d3c4-5678-90ab-cdef-1234567890ef', name: 'Node-01', type: 'Remote' },
        enrollment: line,
      },
    },
  },
});

export const events = operation({
  id: 'nodes.events',
  method: 'GET',
  path: '/org/{org_id}/nodes/{node_id}/events',
  summary: 'List what happened to a node',
  description:
    'Oldest first: created, enrolled, back after a silence, rebooted, agent updated, active or inactive and by whom, ' +
    'deleted. Kept for 30 days, also when the node has been deleted.',
  tag: 'Nodes',
  audience: 'user',
  params: NodeParams,
  query: z.strictObject(pageQuery),
  reply: z.array(Event),
  problems: ['node.not-found'],
  paged: true,
  examples: {
    silence: {
      reply: [
        {
          timestamp: '2025-10-15T12:06:00Z',
          code: 'enrolled',
          detail: 'The machine build-01 was attached, with version 0.1.0 of the agent.',
          by: null,
          data: { hostname: 'build-01', agent_version: '0.1.0' },
        },
        {
          timestamp: '2025-10-15T13:40:00Z',
          code: 'node_back',
          detail: 'The node is back after 20 min of silence.',
          by: null,
          data: { silent_ms: 1200000 },
        },
      ],
    },
  },
});
