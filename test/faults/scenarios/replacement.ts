import { expect } from 'vitest';
import { Instance, isAlive, isKept } from '#domain/instance.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { minute } from '#test/functions/instances/stage.ts';
import type { Scenario } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';
import { sweep } from './sweeps.ts';

const live = async (tenant: Tenant, runner: string): Promise<readonly Instance[]> =>
  (await tenant.rows())
    .filter(({ sk }) => sk.startsWith(`INSTANCE#${runner}#`))
    .map((row) => Instance.parse(row))
    .filter(isAlive);

/** At no time more than that, and in the end as many: whoever has died in between. */
const atMost = async (tenant: Tenant, runner: string, many: number) => {
  expect((await live(tenant, runner)).length).toBeLessThanOrEqual(many);
};
const settlesAt = async (tenant: Tenant, runner: string, many: number) => {
  // What was cut off is held for a minute, and what is full or fails is tried again a little later.
  for (let sweeps = 0; sweeps < 3 && (await live(tenant, runner)).length !== many; sweeps++) await tenant.converge();
  const rows = await live(tenant, runner);
  expect(rows.map((row) => isKept(row))).toEqual(Array.from({ length: many }, () => true));
  const shown = bodyOf(await tenant.api.runners.get({ params: { org_id: tenant.org, runner_id: runner } }));
  expect(shown.replacement?.alive ?? 0).toBe(many);
};

/** A runner whose instances nobody has started, after its number was changed without a look being taken at it. */
async function changed(tenant: Tenant, from: number, to: number): Promise<string> {
  await tenant.node();
  const runner = await tenant.runner({ desired_instances: from });
  await atMost(tenant, runner, from);
  await tenant.cutOff(1, () =>
    tenant.api.runners.change({
      params: { org_id: tenant.org, runner_id: runner },
      body: { desired_instances: to },
    }),
  );
  tenant.stage.pass(2 * minute);
  return runner;
}

const keepTwo = (tenant: Tenant, runner: string) => ({
  ask: () =>
    tenant.api.runners.change({ params: { org_id: tenant.org, runner_id: runner }, body: { desired_instances: 2 } }),
  check: () => atMost(tenant, runner, 2),
  settled: () => settlesAt(tenant, runner, 2),
});

/** Numbers of instances that are kept alive. */
export const replacement: readonly Scenario[] = [
  {
    name: 'change how many are kept alive',
    async begin(tenant) {
      await tenant.node();
      const runner = await tenant.runner();
      return keepTwo(tenant, runner);
    },
  },
  {
    name: 'keep a number alive of which some are there',
    async begin(tenant) {
      const node = await tenant.node();
      const runner = await tenant.runner();
      await tenant.instance(runner, node.uid);
      return keepTwo(tenant, runner);
    },
  },
  {
    name: 'sweep over a number that is not reached',
    async begin(tenant) {
      const runner = await changed(tenant, 1, 3);
      return {
        ask: sweep(tenant),
        check: () => atMost(tenant, runner, 3),
        settled: () => settlesAt(tenant, runner, 3),
      };
    },
  },
  {
    name: 'sweep over more than are to be kept',
    async begin(tenant) {
      const runner = await changed(tenant, 3, 1);
      return { ask: sweep(tenant), check: async () => {}, settled: () => settlesAt(tenant, runner, 1) };
    },
  },
  {
    name: 'sync that tells of the end of what is replaced',
    async begin(tenant) {
      const node = await tenant.node();
      const runner = await tenant.runner({ desired_instances: 2 });
      const [one] = await live(tenant, runner);
      const uid = one?.uid ?? '';
      const generation = await node.start(uid);
      const observed = [
        node.seen(uid, generation, 'busy', { job: 'build' }),
        node.seen(uid, generation, 'exited', { exit_code: 0 }),
      ];
      return {
        ask: () => node.api.agent.sync({ body: { boot_id: node.bootId, agent_version: '0.1.0', observed } }),
        check: () => atMost(tenant, runner, 2),
        settled: () => settlesAt(tenant, runner, 2),
      };
    },
  },
  {
    name: 'sync that tells of a failure of what is kept',
    async begin(tenant) {
      const node = await tenant.node();
      const runner = await tenant.runner({ desired_instances: 1 });
      const [one] = await live(tenant, runner);
      const { uid = '', generation = 0 } = one ?? {};
      const reason = { code: 'image_not_found', detail: 'There is none.' };
      const observed = [node.seen(uid, generation, 'refused', { retryable: false, reason })];
      return {
        ask: () => node.api.agent.sync({ body: { boot_id: node.bootId, agent_version: '0.1.0', observed } }),
        check: () => atMost(tenant, runner, 0),
        settled: () => settlesAt(tenant, runner, 1),
      };
    },
  },
];
