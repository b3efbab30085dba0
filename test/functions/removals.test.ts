import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, nodeDraft, owner, quiet, refused, runnerDraft } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

const facts = {
  hostname: 'h',
  architecture: 'x64',
  os: 'Debian',
  cpus: 2,
  memory_bytes: 1e9,
  disk_bytes: 1e9,
} as const;

/** A node that has enrolled, with two instances of a runner that nobody starts. */
async function placed() {
  const john = await owner(cloud);
  const org = { org_id: john.org_id };
  const node = good(await john.api.nodes.create({ params: org, body: nodeDraft }));
  const code = /--code (\S+)/.exec(node.enrollment?.command ?? '')?.[1] ?? '';
  const body = { code, boot_id: 'b', facts: { ...facts, engine: null, agent_version: '0.1.0' }, bell: 'none' } as const;
  const { token } = good(await client({ url: cloud.url }).agent.enroll({ body }));
  const runner = good(await john.api.runners.create({ params: org, body: runnerDraft }));
  const params = { ...org, node_id: node.uid, runner_id: runner.uid };
  const ask = () =>
    john.api.instances.create({
      params: { ...org, runner_id: runner.uid },
      body: { node_id: node.uid },
      headers: { prefer: 'respond-async' },
    });
  const instances = [good(await ask()), good(await ask())];
  const agent = client({ url: cloud.url, token });
  const sync = async () =>
    good(await agent.agent.sync({ body: { boot_id: 'b', agent_version: '0.1.0', observed: [] } }));
  return { john, org, params, instances, sync };
}

test('a node and a runner with instances stay, and the refusal names them', async () => {
  const { john, org, params, instances } = await placed();

  const node = refused(await john.api.nodes.remove({ params: { ...org, node_id: params.node_id } }));
  const runner = refused(await john.api.runners.remove({ params: { ...org, runner_id: params.runner_id } }));

  expect([node.code, runner.code]).toEqual(['node.has-instances', 'runner.has-instances']);
  for (const { uid } of instances) {
    expect(node.detail).toContain(uid);
    expect(runner.detail).toContain(uid);
  }
});

test('a runner by force takes its instances along: gone for people, told to the node', async () => {
  const { john, org, params, instances, sync } = await placed();
  const runner = { ...org, runner_id: params.runner_id };

  good(await john.api.runners.remove({ params: runner, query: { force: 'true' } }));

  expect(refused(await john.api.runners.get({ params: runner })).code).toBe('runner.not-found');
  expect(good(await john.api.runners.list({ params: org }))).toEqual([]);
  const told = (await sync()).desired.map(({ uid, want }) => [uid, want]);
  expect(told.sort()).toEqual(instances.map(({ uid }) => [uid, 'gone']).sort());
});

test('a node by force is gone at once, its instances and what they counted too', async () => {
  const { john, org, params, instances, sync } = await placed();
  const node = { ...org, node_id: params.node_id };

  good(await john.api.nodes.remove({ params: node, query: { force: 'true' } }));

  expect(refused(await john.api.nodes.get({ params: node })).code).toBe('node.not-found');
  for (const { uid } of instances) {
    const one = await john.api.instances.get({ params: { ...org, runner_id: params.runner_id, instance_id: uid } });
    expect(refused(one).code).toBe('instance.not-found');
  }
  expect(good(await john.api.runners.get({ params: { ...org, runner_id: params.runner_id } })).instances).toBe(0);
  expect(await sync()).toMatchObject({ retired: true, desired: [] });
});
