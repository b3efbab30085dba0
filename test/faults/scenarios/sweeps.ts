import { expect } from 'vitest';
import type { Outcome } from '#contract/client.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { minute } from '#test/functions/instances/stage.ts';
import type { Scenario } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';
import { expectAtGithub, running } from './running.ts';

/** A sweep that may fail: nobody waits for it, and the next one does what it has left. */
export const sweep =
  ({ stage }: Tenant) =>
  async (): Promise<Outcome<unknown>> => {
    await stage.cloud.sweep().catch(() => {});
    return { ok: true, status: 200, headers: new Headers(), body: undefined };
  };

const nothing = async () => {};

/** Sweeps over what is due. */
export const sweeps: readonly Scenario[] = [
  {
    name: 'sweep over an instance that was never started',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      tenant.stage.pass(16 * minute);
      bodyOf(await one.report());
      return {
        ask: sweep(tenant),
        check: nothing,
        settled: async () => expect(await one.shown()).toEqual(['failed']),
      };
    },
  },
  {
    name: 'sweep over an instance whose node was not rung',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      await one.node.sync([], { bell: 'mi-0123456789abcdef0' });
      tenant.stage.pass(30_000);
      return {
        ask: sweep(tenant),
        check: async () => expect(await one.shown()).toEqual(['provisioning']),
        settled: async () => expect((await one.node.toldOf(one.uid))?.want).toBe('run'),
      };
    },
  },
  {
    name: 'sweep over a runner that GitHub still has',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      const github = tenant.stage.github;
      github.fail({ path: '/actions/runners', status: 500, times: 100 });
      bodyOf(await tenant.api.instances.remove({ params: one.params }));
      await tenant.converge();
      github.clearFaults();
      expectAtGithub(one, 1);
      tenant.stage.pass(10 * minute);
      bodyOf(await tenant.api.common.me());
      return {
        ask: sweep(tenant),
        check: nothing,
        async settled() {
          for (let sweeps = 0; sweeps < 8 && one.atGithub() > 0; sweeps++) {
            tenant.stage.pass(11 * minute);
            await tenant.stage.cloud.sweep();
          }
          expectAtGithub(one, 0);
        },
      };
    },
  },
  {
    name: 'sweep over a drain whose job has ended',
    async begin(tenant) {
      const one = await running(tenant, 'busy');
      const params = { org_id: tenant.org, node_id: one.node.uid };
      bodyOf(await tenant.api.nodes.drain({ params, body: {} }));
      bodyOf(await one.report('listening'));
      tenant.stage.pass(minute);
      return {
        ask: sweep(tenant),
        check: nothing,
        async settled() {
          expect(await one.shown()).toEqual([]);
          expectAtGithub(one, 0);
        },
      };
    },
  },
  {
    name: 'sweep over a node that is being deleted by force',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      const { api, org } = tenant;
      await tenant.cutOff(1, () =>
        api.nodes.remove({ params: { org_id: org, node_id: one.node.uid }, query: { force: 'true' } }),
      );
      tenant.stage.pass(2 * minute);
      return {
        ask: sweep(tenant),
        check: nothing,
        async settled() {
          expect((await api.nodes.get({ params: { org_id: org, node_id: one.node.uid } })).status).toBe(404);
          expect((await tenant.rows()).filter(({ sk }) => /^(INSTANCE|NODE)#/.test(sk))).toEqual([]);
        },
      };
    },
  },
];
