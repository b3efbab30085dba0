import { expect } from 'vitest';
import { containerName } from '#domain/instance.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import type { FakeNode } from '#test/functions/instances/fake-node.ts';
import type { Tenant } from '../tenant.ts';

/** What a node may say of an instance. */
export type Seen = Parameters<FakeNode['seen']>[2] | 'refused for good';

const noSpace = { code: 'engine_error', detail: 'There is no space left on the device.' };
const more: Partial<Record<Seen, Parameters<FakeNode['seen']>[3]>> = {
  busy: { job: 'build' },
  refused: { reason: noSpace, retryable: true },
  'refused for good': { reason: noSpace, retryable: false },
};

/** An instance on a node, as far as it has come. */
export interface Running {
  readonly node: FakeNode;
  readonly runner: string;
  readonly uid: string;
  readonly generation: number;
  readonly params: { readonly org_id: string; readonly runner_id: string; readonly instance_id: string };
  /** Reports, and answers with what came back. */
  report(...states: Seen[]): ReturnType<FakeNode['api']['agent']['sync']>;
  /** Makes a report that is the same each time: an agent repeats it until it is answered. */
  reporter(...states: Seen[]): () => ReturnType<FakeNode['api']['agent']['sync']>;
  /** The statuses by which it is shown: one, unless it is there twice or not at all. */
  shown(): Promise<readonly string[]>;
  /** How many runners of its name GitHub has. */
  atGithub(): number;
}

/** An instance that was asked for; up to `listening` its node has done what it was told. */
export async function running(tenant: Tenant, until: 'requested' | 'claimed' | 'listening' | 'busy'): Promise<Running> {
  const node = await tenant.node();
  const runner = await tenant.runner();
  const uid = await tenant.instance(runner, node.uid);
  const { boot_id, generation } = { boot_id: node.bootId, generation: (await node.toldOf(uid))?.generation ?? 0 };
  if (until === 'claimed') bodyOf(await node.claim(uid, generation));
  if (until === 'listening' || until === 'busy') await node.start(uid);
  if (until === 'busy') await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);
  const params = { org_id: tenant.org, runner_id: runner, instance_id: uid };
  const reporter: Running['reporter'] = (...states) => {
    const observed = states.map((state) =>
      node.seen(uid, generation, state === 'refused for good' ? 'refused' : state, more[state]),
    );
    return () => node.api.agent.sync({ body: { boot_id, agent_version: '0.1.0', observed } });
  };
  return {
    node,
    runner,
    uid,
    generation,
    params,
    reporter,
    report: (...states) => reporter(...states)(),
    async shown() {
      const listed = await tenant.api.instances.list({ params: { org_id: tenant.org, runner_id: runner } });
      if (!listed.ok) throw new Error(listed.problem.detail);
      return listed.body.filter((one) => one.uid === uid).map(({ status }) => status);
    },
    atGithub: () => tenant.stage.github.runners().filter(({ name }) => name === containerName(uid)).length,
  };
}

/** Expects that GitHub knows it so many times. */
export const expectAtGithub = (one: Running, times: number): void => {
  expect([one.uid, one.atGithub()]).toEqual([one.uid, times]);
};
