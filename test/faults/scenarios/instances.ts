import { expect } from 'vitest';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { onceOnly, type Scenario } from '../scenario.ts';
import { expectAtGithub, running, type Seen } from './running.ts';

const async = { prefer: 'respond-async' };

/** A report, and how the instance is shown then. */
const report = (
  name: string,
  until: Parameters<typeof running>[1],
  states: readonly Seen[],
  then: string,
): Scenario => ({
  name,
  async begin(tenant) {
    const one = await running(tenant, until);
    return {
      ask: one.reporter(...states),
      check: async () => expect(await one.shown()).toEqual([then]),
    };
  },
});

/** Instances, from the wish to the end, and what nodes say of them. */
export const instances: readonly Scenario[] = [
  {
    name: 'create an instance on a node',
    async begin(tenant) {
      const { api, org } = tenant;
      const node = await tenant.node();
      await node.sync([], { bell: 'mi-0123456789abcdef0' });
      const params = { org_id: org, runner_id: await tenant.runner() };
      const headers = { ...onceOnly(), ...async };
      return {
        ask: () => api.instances.create({ params, body: { node_id: node.uid }, headers }),
        async check(answer) {
          const all = bodyOf(await api.instances.list({ params }));
          expect(all).toHaveLength(1);
          expect(answer).toMatchObject({ body: { uid: all[0]?.uid } });
          expect(await node.toldOf(all[0]?.uid ?? '')).toMatchObject({ want: 'run' });
        },
      };
    },
  },
  {
    name: 'create an instance wherever there is room',
    async begin(tenant) {
      const { api, org } = tenant;
      await tenant.node();
      const params = { org_id: org, runner_id: await tenant.runner() };
      const headers = { ...onceOnly(), ...async };
      return {
        ask: () => api.instances.create({ params, body: {}, headers }),
        check: async () => expect(bodyOf(await api.instances.list({ params }))).toHaveLength(1),
      };
    },
  },
  {
    name: 'read an instance',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      return {
        ask: () => tenant.api.instances.get({ params: one.params }),
        check: async (answer) => expect(answer).toMatchObject({ body: { uid: one.uid, status: 'online' } }),
      };
    },
  },
  {
    name: 'sync without news',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      return {
        ask: () => one.report(),
        check: async (answer) =>
          expect(answer).toMatchObject({ body: { desired: [{ uid: one.uid, generation: one.generation }] } }),
      };
    },
  },
  {
    name: 'claim a start',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      return {
        ask: () => one.node.claim(one.uid, one.generation),
        async check(answer) {
          expect(answer).toMatchObject({ body: { kind: 'jit', name: `rp-${one.uid}` } });
          expectAtGithub(one, 1);
          bodyOf(await one.report('running', 'listening'));
          expect(await one.shown()).toEqual(['online']);
        },
      };
    },
  },
  {
    name: 'create an instance and claim its start',
    async begin(tenant) {
      const { api, org } = tenant;
      const node = await tenant.node();
      const params = { org_id: org, runner_id: await tenant.runner() };
      const headers = { ...onceOnly(), ...async };
      return {
        async ask() {
          const made = await api.instances.create({ params, body: { node_id: node.uid }, headers });
          if (!made.ok) return made;
          const { uid } = made.body;
          const synced = await node.api.agent.sync({
            body: { boot_id: node.bootId, agent_version: '0.1.0', observed: [] },
          });
          if (!synced.ok) return synced;
          return node.claim(uid, synced.body.desired.find((one) => one.uid === uid)?.generation ?? 0);
        },
        async check(answer) {
          const all = bodyOf(await api.instances.list({ params }));
          expect(all).toHaveLength(1);
          expect(answer).toMatchObject({ body: { kind: 'jit', name: `rp-${all[0]?.uid}` } });
          expect(tenant.stage.github.runners().filter(({ name }) => name === `rp-${all[0]?.uid}`)).toHaveLength(1);
        },
      };
    },
  },
  {
    name: 'report its start and its end',
    async begin(tenant) {
      const one = await running(tenant, 'claimed');
      return {
        ask: one.reporter('running', 'listening', 'busy', 'exited'),
        check: async () => expect(await one.shown()).toEqual(['stopped']),
      };
    },
  },
  report('report a pull', 'requested', ['pulling'], 'provisioning'),
  report('report a container that is made', 'claimed', ['created'], 'provisioning'),
  report('report that it will never start', 'claimed', ['refused for good'], 'failed'),
  {
    name: 'report that it can not start yet',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      return {
        ask: one.reporter('refused'),
        async check() {
          expect(await one.shown()).toEqual(['provisioning']);
          const row = (await tenant.rows()).find(({ sk }) => sk === `INSTANCE#${one.runner}#${one.uid}`);
          expect(row).toMatchObject({ attempts: 1 });
        },
      };
    },
  },
  report('report that it is busy', 'listening', ['busy'], 'busy'),
  report('report that it listens again', 'busy', ['listening'], 'online'),
  report('report its end', 'busy', ['exited'], 'stopped'),
  report('report its end and that it is gone', 'listening', ['exited', 'gone'], 'stopped'),
  {
    name: 'report that it runs and listens',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      bodyOf(await one.node.claim(one.uid, one.generation));
      return {
        ask: one.reporter('running', 'listening'),
        check: async () => expect(await one.shown()).toEqual(['online']),
      };
    },
  },
  {
    name: 'confirm that what was deleted is gone',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      bodyOf(await tenant.api.instances.remove({ params: one.params }));
      const { generation } = (await one.node.toldOf(one.uid)) ?? { generation: 0 };
      const gone = one.node.seen(one.uid, generation, 'gone');
      return {
        ask: () =>
          one.node.api.agent.sync({
            body: { boot_id: one.node.bootId, agent_version: '0.1.0', observed: [gone] },
          }),
        async check(answer) {
          expect(answer).toMatchObject({ body: { desired: [] } });
          const row = (await tenant.rows()).find(({ sk }) => sk === `DELETED#${one.runner}#${one.uid}`);
          expect(row).toMatchObject({ state: 'deleted' });
        },
      };
    },
  },
];
