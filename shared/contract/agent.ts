import * as z from 'zod';
import { DockerConsent } from '#domain/docker.ts';
import { NodeFacts } from '#domain/node.ts';
import { Limits, PullPolicy, RunnerSource } from '#domain/runner.ts';
import { jobResults } from '#domain/runner-lines.ts';
import { NoParams, NoQuery, PathId } from './fields.ts';
import { operation } from './operation.ts';

// What a node and the control plane say to each other. A node is hostile by assumption: everything has a bound.

/** What the agent saw of an instance. `at` is the node's clock, epoch milliseconds. */
export const Observation = z.strictObject({
  uid: z.string().max(64),
  /** That of the intent it acted on; 0 for a container that nobody listed. */
  generation: z.int().min(0),
  /** Among reports of one generation only a later one counts: max(previous + 1, the node's clock in ms). */
  seq: z.int().min(0),
  state: z.enum(['pulling', 'created', 'running', 'listening', 'busy', 'exited', 'gone', 'refused']),
  at: z.int().min(0),
  job: z.string().max(256).optional(),
  /** How `job` has ended, in GitHub's words; without it, it runs. */
  job_result: z.enum(jobResults).optional(),
  exit_code: z.int().optional(),
  reason: z.strictObject({ code: z.string().max(64), detail: z.string().max(1024) }).optional(),
  /** Of `refused`: whether trying again may help. */
  retryable: z.boolean().optional(),
  /** Of `exited`: a reboot took it down, and what is there can be started again. */
  restartable: z.boolean().optional(),
});
export type Observation = z.output<typeof Observation>;

/** What the agent is to have. */
export const Desired = z.object({
  uid: z.string(),
  generation: z.int(),
  want: z.enum(['run', 'gone']),
  image: z.string(),
  runner_source: RunnerSource,
  limits: Limits,
  pull_policy: PullPolicy.optional(),
  /** What its jobs are to have of Docker; nothing without it. */
  docker: DockerConsent.optional(),
  /** Seconds of grace for what runs, when `want` is gone. */
  grace_seconds: z.int(),
  /** Epoch milliseconds before which no claim is to be tried. */
  not_before: z.int().optional(),
  /** What has run before, in another boot, is to be started again. */
  restart: z.boolean().optional(),
});
export type Desired = z.output<typeof Desired>;

/** The agent program that this control plane serves. */
const AgentRelease = z.object({ version: z.string(), sha256: z.string() });

/** Where logs and beats go. */
export const Telemetry = z.object({
  region: z.string(),
  endpoint: z.string().optional(),
  group: z.string(),
  /** Streams are `<prefix>instance/<uid>` and `<prefix>node/<uid>`. */
  prefix: z.string(),
});
export type Telemetry = z.output<typeof Telemetry>;

export const enroll = operation({
  id: 'agent.enroll',
  method: 'POST',
  path: '/agent/enroll',
  summary: 'Turn an enrollment code into a node token',
  tag: 'Agent',
  audience: 'public',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({
    code: z.string().min(1).max(128),
    boot_id: z.string().min(1).max(64),
    facts: NodeFacts,
    bell: z.enum(['register', 'none']),
  }),
  reply: z.object({
    node: z.object({ uid: z.string(), name: z.string(), organization: z.string(), deployment: z.string() }),
    token: z.string(),
    activation: z.object({ id: z.string(), code: z.string(), region: z.string() }).nullable(),
    agent: AgentRelease,
  }),
  problems: ['enrollment.refused', 'rate.limited'],
  examples: {
    socket: {
      body: {
        code: 'rpe_…',
        boot_id: '6f2c2a0e-7a77-4c4e-9d6c-4a8f0c3f1a55',
        facts: {
          hostname: 'build-01',
          architecture: 'x64',
          os: 'Debian GNU/Linux 12 (bookworm)',
          cpus: 8,
          memory_bytes: 33554432000,
          disk_bytes: 512000000000,
          engine: { version: '28.2.2', api_version: '1.50', live_restore: true },
          agent_version: '0.1.0',
        },
        bell: 'none',
      },
      reply: {
        node: {
          uid: '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a',
          name: 'Node-01',
          organization: 'gt',
          deployment: 'b6c1d2e3f4a5',
        },
        token: '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a.…',
        activation: null,
        agent: { version: '0.1.0', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      },
    },
  },
});

export const sync = operation({
  id: 'agent.sync',
  method: 'POST',
  path: '/agent/sync',
  summary: 'Say what a node has, and be told what it should have',
  tag: 'Agent',
  audience: 'node',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({
    boot_id: z.string().min(1).max(64),
    agent_version: z.string().max(64),
    facts: NodeFacts.optional(),
    bell: z.string().max(32).optional(),
    engine: z.strictObject({ available: z.boolean(), detail: z.string().max(512).optional() }).optional(),
    observed: z.array(Observation).max(256),
  }),
  reply: z.object({
    desired: z.array(Desired),
    /** GitHub's runner for `mount`; null where it is not known yet. */
    runner: z
      .object({ version: z.string(), urls: z.record(z.string(), z.string()), sha256: z.record(z.string(), z.string()) })
      .nullable(),
    /** Whether the agent may remove containers of this node that are not listed. */
    reap: z.boolean(),
    /** The node was deleted: remove everything labelled with it, and forget it. */
    retired: z.boolean(),
    poll_seconds: z.int(),
    beat_seconds: z.int(),
    /** How long an unlisted container has to have been unlisted, over two syncs, before it is removed. */
    reap_seconds: z.int(),
    telemetry: Telemetry,
    agent: AgentRelease,
  }),
  problems: ['token.invalid', 'sync.wait', 'rate.limited'],
  bodyLimitBytes: 262_144,
  examples: {
    idle: {
      body: { boot_id: '6f2c2a0e-7a77-4c4e-9d6c-4a8f0c3f1a55', agent_version: '0.1.0', observed: [] },
      reply: {
        desired: [],
        runner: null,
        reap: true,
        retired: false,
        poll_seconds: 60,
        beat_seconds: 15,
        reap_seconds: 60,
        telemetry: { region: 'eu-central-1', group: '/runner-pilot/prod/nodes', prefix: 'gt/' },
        agent: { version: '0.1.0', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      },
    },
  },
});

export const claim = operation({
  id: 'agent.claim',
  method: 'POST',
  path: '/agent/instances/{instance_id}/claim',
  summary: 'Claim the start of an instance, and get its credential',
  tag: 'Agent',
  audience: 'node',
  params: z.strictObject({ instance_id: PathId }),
  query: NoQuery,
  body: z.strictObject({ generation: z.int().min(0), boot_id: z.string().min(1).max(64) }),
  reply: z.object({
    kind: z.enum(['jit', 'registration', 'restart']),
    /** A JIT config (base64), or a registration token; empty for a restart, whose container has its registration. */
    secret: z.string(),
    /** What `config.sh --url` takes. */
    url: z.string(),
    name: z.string(),
    labels: z.array(z.string()),
    ephemeral: z.boolean(),
    /** That of the intent from here on; without it, that of the claim. */
    generation: z.int().optional(),
    /** What the runner gives its containers besides. */
    environment: z.record(z.string(), z.string()).optional(),
    /** What an owner allows it, at this moment, of what `desired` says. Nothing else is to be given to it. */
    docker: DockerConsent.optional(),
  }),
  problems: [
    'token.invalid',
    'instance.not-found',
    'claim.wait',
    'claim.started',
    'claim.not-wanted',
    'service.unavailable',
  ],
  examples: {
    jit: {
      body: { generation: 1760530200000, boot_id: '6f2c2a0e-7a77-4c4e-9d6c-4a8f0c3f1a55' },
      reply: {
        kind: 'jit',
        secret: 'eyIucnVubmVyIjoi…',
        url: 'https://github.com/Gigatech/my-repo',
        name: 'rp-019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a',
        labels: ['self-hosted', 'linux', 'x64', 'rp-b6c1d2e3f4a5'],
        ephemeral: true,
      },
    },
  },
});

export const registry = operation({
  id: 'agent.registry',
  method: 'POST',
  path: '/agent/registry',
  summary: 'Get the login for the registry of an image that the node is to pull',
  description: 'Answered for an image that is wanted on this node now, and for no other.',
  tag: 'Agent',
  audience: 'node',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({ image: z.string().min(1).max(512) }),
  reply: z.object({
    /** Null where the organization has none for this registry. */
    login: z.object({ host: z.string(), username: z.string(), password: z.string() }).nullable(),
  }),
  problems: ['token.invalid', 'image.not-wanted'],
  examples: {
    private: {
      body: { image: 'ghcr.io/gigatech/builder:3' },
      reply: { login: { host: 'ghcr.io', username: 'gigatech-bot', password: 'ghp_…' } },
    },
  },
});

export const images = operation({
  id: 'agent.images',
  method: 'GET',
  path: '/agent/images',
  summary: 'Get the images that a node may come to run',
  description:
    'Those of runners that could be placed on it: to be pulled ahead where they are missing. `dind`: so is that of the ' +
    'Docker daemons that the node gives its instances.',
  tag: 'Agent',
  audience: 'node',
  params: NoParams,
  query: NoQuery,
  reply: z.object({
    images: z.array(z.string()),
    /** Absent from older control planes. */
    dind: z.boolean().optional(),
    again_seconds: z.int(),
  }),
  problems: ['token.invalid'],
  examples: { one: { reply: { images: ['ghcr.io/gigatech/builder:3'], dind: false, again_seconds: 300 } } },
});

export const credentials = operation({
  id: 'agent.credentials',
  method: 'GET',
  path: '/agent/credentials',
  summary: "Get short-lived AWS credentials for the organization's log streams",
  tag: 'Agent',
  audience: 'node',
  params: NoParams,
  query: NoQuery,
  reply: z.object({
    access_key_id: z.string(),
    secret_access_key: z.string(),
    session_token: z.string(),
    expires_at: z.iso.datetime(),
  }),
  problems: ['token.invalid'],
  examples: {
    quarter: {
      reply: {
        access_key_id: 'ASIA…',
        secret_access_key: '…',
        session_token: '…',
        expires_at: '2025-10-15T12:30:00.000Z',
      },
    },
  },
});

export const installer = operation({
  id: 'agent.installer',
  method: 'GET',
  path: '/agent/install.sh',
  summary: 'Get the script that installs the agent',
  tag: 'Agent',
  audience: 'public',
  params: NoParams,
  query: NoQuery,
  reply: z.string(),
  mediaType: 'text/x-shellscript',
  problems: ['installer.not-found'],
  examples: { script: { reply: '#!/bin/sh\n…' } },
});

export const program = operation({
  id: 'agent.program',
  method: 'GET',
  path: '/agent/agent.mjs',
  summary: 'Get the agent program',
  tag: 'Agent',
  audience: 'public',
  params: NoParams,
  query: NoQuery,
  reply: z.string(),
  mediaType: 'text/javascript',
  problems: ['installer.not-found'],
  examples: { program: { reply: '#!/usr/bin/env node\n…' } },
});
