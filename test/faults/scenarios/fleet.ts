import { expect } from 'vitest';
import { client } from '#contract/client.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { enrollNode } from '#test/functions/instances/fake-node.ts';
import { pat, stageNow } from '#test/functions/instances/stage.ts';
import { facts } from '#test/node-facts.ts';
import { onceOnly, type Scenario } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';
import { running } from './running.ts';

const nodeDraft = { name: 'Node-01', type: 'Remote' } as const;
const runnerDraft = {
  name: 'Runner-01',
  docker_image: 'ubuntu:22.04',
  github_repo: 'Gigatech/my-repo',
  github_runner_token: pat,
} as const;

/** Expects that an enrollment's line works, and that a node lives then. */
async function canEnroll({ api, org, stage }: Tenant, node_id: string, command: string): Promise<void> {
  const node = await enrollNode(stage.cloud.url, command, stageNow);
  await node.sync();
  expect(bodyOf(await api.nodes.get({ params: { org_id: org, node_id } })).connection).toBe('online');
}

/** Nodes and runners. */
export const fleet: readonly Scenario[] = [
  {
    name: 'create a node',
    async begin({ api, org }) {
      const params = { org_id: org };
      const headers = onceOnly();
      return {
        ask: () => api.nodes.create({ params, body: nodeDraft, headers }),
        async check(answer) {
          const all = bodyOf(await api.nodes.list({ params }));
          expect(all).toHaveLength(1);
          expect(answer).toMatchObject({ body: { uid: all[0]?.uid } });
        },
      };
    },
  },
  {
    name: 'change a node',
    async begin({ api, org }) {
      const { uid: node_id } = bodyOf(await api.nodes.create({ params: { org_id: org }, body: nodeDraft }));
      const params = { org_id: org, node_id };
      return {
        ask: () => api.nodes.change({ params, body: { status: 'inactive' } }),
        check: async () => expect(bodyOf(await api.nodes.get({ params })).status).toBe('inactive'),
      };
    },
  },
  {
    name: 'cancel a drain',
    async begin(tenant) {
      const one = await running(tenant, 'busy');
      const { api, org } = tenant;
      const params = { org_id: org, node_id: one.node.uid };
      bodyOf(await api.nodes.drain({ params, body: {} }));
      return {
        ask: () => api.nodes.undrain({ params }),
        check: async () => expect(bodyOf(await api.nodes.get({ params })).drain).toBeNull(),
        settled: async () => expect(await one.shown()).toEqual(['busy']),
      };
    },
  },
  {
    name: 'make a new enrollment',
    async begin(tenant) {
      const { api, org } = tenant;
      const { uid: node_id } = bodyOf(await api.nodes.create({ params: { org_id: org }, body: nodeDraft }));
      return {
        ask: () => api.nodes.enrollment({ params: { org_id: org, node_id } }),
        async check(answer) {
          const { enrollment } = (answer as { body: { enrollment: { command: string } } }).body;
          await canEnroll(tenant, node_id, enrollment.command);
        },
      };
    },
  },
  {
    name: 'enroll a machine',
    async begin(tenant) {
      const { api, org, stage } = tenant;
      const made = bodyOf(await api.nodes.create({ params: { org_id: org }, body: nodeDraft }));
      const code = /--code (\S+)/.exec(made.enrollment?.command ?? '')?.[1] ?? '';
      const anyone = client({ url: stage.cloud.url });
      return {
        ask: () => anyone.agent.enroll({ body: { code, boot_id: 'boot-1', facts, bell: 'register' } }),
        // The code was used, and whoever used it never got the token: the installer says how to get another line.
        done: 'enrollment.refused',
        async check(answer) {
          if (answer.ok) {
            const { token } = answer.body as { token: string };
            const node = client({ url: stage.cloud.url, token });
            bodyOf(await node.agent.sync({ body: { boot_id: 'boot-1', agent_version: '0.1.0', observed: [] } }));
            return;
          }
          const again = bodyOf(await api.nodes.enrollment({ params: { org_id: org, node_id: made.uid } }));
          await canEnroll(tenant, made.uid, again.enrollment.command);
        },
      };
    },
  },
  {
    name: 'delete a node',
    async begin({ api, org }) {
      const { uid: node_id } = bodyOf(await api.nodes.create({ params: { org_id: org }, body: nodeDraft }));
      return {
        ask: () => api.nodes.remove({ params: { org_id: org, node_id } }),
        done: 'node.not-found',
        check: async () => expect(bodyOf(await api.nodes.list({ params: { org_id: org } }))).toEqual([]),
      };
    },
  },
  {
    name: 'create a runner',
    async begin({ api, org }) {
      const params = { org_id: org };
      const headers = onceOnly();
      return {
        ask: () => api.runners.create({ params, body: runnerDraft, headers }),
        async check(answer) {
          const all = bodyOf(await api.runners.list({ params }));
          expect(all).toMatchObject([{ github_runner_token: pat }]);
          expect(answer).toMatchObject({ body: { uid: all[0]?.uid } });
        },
      };
    },
  },
  {
    name: 'change a runner and its token',
    async begin(tenant) {
      const { api, org } = tenant;
      const params = { org_id: org, runner_id: await tenant.runner() };
      const github_runner_token = 'ghp_anotherAnotherAnotherAnotherAnoth0002';
      return {
        ask: () => api.runners.change({ params, body: { docker_image: 'debian:13', github_runner_token } }),
        async check() {
          expect(bodyOf(await api.runners.get({ params }))).toMatchObject({
            docker_image: 'debian:13',
            github_runner_token,
          });
        },
      };
    },
  },
  {
    name: 'delete a runner',
    async begin(tenant) {
      const { api, org } = tenant;
      const runner_id = await tenant.runner();
      return {
        ask: () => api.runners.remove({ params: { org_id: org, runner_id } }),
        done: 'runner.not-found',
        check: async () => expect(bodyOf(await api.runners.list({ params: { org_id: org } }))).toEqual([]),
      };
    },
  },
];
