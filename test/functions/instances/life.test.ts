import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf } from './bodies.ts';
import { minute, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

describe('the life of an instance', () => {
  it('goes from the wish over the node’s reports to its end, and is shown at each step', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const shown = async () => bodyOf(await stage.get(runner, uid));

    const uid = await stage.instance(runner, node.uid);
    expect(await shown()).toMatchObject({
      status: 'provisioning',
      last_heartbeat: null,
      reason: { code: 'waiting_for_node' },
      instance_identifier: `rp-${uid}`,
      instance_host: 'build-01',
    });

    const told = await node.toldOf(uid);
    expect(told).toMatchObject({ want: 'run', image: 'ubuntu:22.04', runner_source: 'image', grace_seconds: 10 });
    const generation = told?.generation ?? 0;
    await node.sync([node.seen(uid, generation, 'pulling')]);
    expect(await shown()).toMatchObject({ status: 'provisioning', reason: { code: 'pulling' } });

    const claimed = bodyOf(await node.claim(uid, generation));
    expect(claimed).toMatchObject({ kind: 'jit', name: `rp-${uid}`, ephemeral: true });
    expect(claimed.labels).toEqual(expect.arrayContaining(['self-hosted', 'linux', 'x64']));
    expect(claimed.url).toBe(`${stage.github.url}/Gigatech/my-repo`);
    expect(await shown()).toMatchObject({ reason: { code: 'starting' } });

    await node.sync([node.seen(uid, generation, 'created'), node.seen(uid, generation, 'running')]);
    expect(await shown()).toMatchObject({ status: 'provisioning', reason: { code: 'registering' } });
    expect((await shown()).started_at).not.toBeNull();

    await node.sync([node.seen(uid, generation, 'listening')]);
    expect(await shown()).toMatchObject({ status: 'online', job: null });
    expect((await shown()).reason).toBeUndefined();
    expect((await shown()).last_heartbeat).not.toBeNull();

    await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);
    expect(await shown()).toMatchObject({ status: 'busy', job: { name: 'build' } });

    const ending = { exit_code: 0, reason: { code: 'job_completed', detail: 'The runner did its job.' } };
    const last = await node.sync([node.seen(uid, generation, 'exited', ending)]);
    expect(await shown()).toMatchObject({ status: 'stopped', exit_code: 0, reason: { code: 'job_completed' } });
    expect(last.desired).toContainEqual(expect.objectContaining({ uid, want: 'gone', generation }));

    const after = await node.sync([node.seen(uid, generation, 'gone')]);
    expect(after.desired).toEqual([]);
    expect(await shown()).toMatchObject({ status: 'stopped', job: null });
    expect((await stage.row(uid))?.sk).toMatch(/^PAST#/);
  });

  it('answers a creation as soon as the instance is online', async () => {
    const node = await stage.node();
    const runner = await stage.runner();

    const creating = stage.api.instances.create({
      params: { org_id: stage.org, runner_id: runner },
      body: { node_id: node.uid },
      headers: { prefer: 'wait=20' },
    });
    const told = async () => (await node.sync()).desired[0];
    let desired = await told();
    while (!desired) desired = await told();
    await node.start(desired.uid);

    const made = await creating;
    expect(bodyOf(made)).toMatchObject({ uid: desired.uid, status: 'online' });
    expect(made.headers.get('preference-applied')).toBe('wait=20');
  });

  it('answers a creation with why it is not online, once the wait is over', async () => {
    const runner = await stage.runner();
    const node = bodyOf(
      await stage.api.nodes.create({ params: { org_id: stage.org }, body: { name: 'Node-02', type: 'Remote' } }),
    );

    const made = await stage.api.instances.create({
      params: { org_id: stage.org, runner_id: runner },
      body: { node_id: node.uid },
      headers: { prefer: 'wait=1' },
    });

    const detail = `Node-02 has never connected; \`POST /org/${stage.org}/nodes/${node.uid}/enrollment\` makes a line to run on it.`;
    expect(bodyOf(made)).toMatchObject({ status: 'provisioning', reason: { code: 'node_never_connected', detail } });
  });

  it('bears reports that are lost, repeated, and late', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    await node.claim(uid, generation);
    const early = node.seen(uid, generation, 'pulling');
    const lost = node.seen(uid, generation, 'running');
    const busy = node.seen(uid, generation, 'busy', { job: 'build' });
    const idle = node.seen(uid, generation, 'listening');

    await node.sync([idle, busy]);
    await node.sync([busy]);
    await node.sync([lost, early]);

    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'online' });
    const past = node.seen(uid, generation - 1, 'gone');
    await node.sync([past]);
    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'online' });
  });

  it('calls failed what ends without ever having listened', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    await node.claim(uid, generation);

    await node.sync([
      node.seen(uid, generation, 'running'),
      node.seen(uid, generation, 'exited', { exit_code: 1, reason: { code: 'token_refused', detail: 'No.' } }),
    ]);

    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'failed', reason: { code: 'token_refused' } });
  });

  it('shows offline what runs on a node that is silent, and does nothing about it', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    const before = await stage.row(uid);

    stage.pass(10 * minute);
    await stage.cloud.sweep();

    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({
      status: 'offline',
      reason: { code: 'node_unreachable' },
    });
    expect(await stage.row(uid)).toEqual(before);
    await node.sync();
    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'online' });
  });
});
