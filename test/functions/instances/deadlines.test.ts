import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { minute, openStage, type Stage, stageNow } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const shown = async (runner: string, uid: string) => bodyOf(await stage.get(runner, uid));

/** Lets time pass and sweeps, so that what is due on the way is looked at too. */
async function passSweeping(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= minute) {
    stage.pass(Math.min(left, minute));
    await stage.cloud.sweep();
  }
}

describe('deadlines of an instance', () => {
  it('fails what nobody starts within 15 minutes, because its node has never connected', async () => {
    const runner = await stage.runner();
    const made = await stage.api.nodes.create({
      params: { org_id: stage.org },
      body: { name: 'Node-02', type: 'Remote' },
    });
    const uid = await stage.instance(runner, bodyOf(made).uid);

    await passSweeping(14 * minute);
    expect(await shown(runner, uid)).toMatchObject({ status: 'provisioning' });
    await passSweeping(2 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'node_never_connected' } });
  });

  it('… because its node is silent', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    stage.pass(1000);
    const uid = await stage.instance(runner, node.uid);

    await passSweeping(16 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'node_unreachable' } });
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    await node.sync([node.seen(uid, generation, 'gone')]);
    expect(await shown(runner, uid)).toMatchObject({ status: 'failed' });
    expect((await stage.row(uid))?.sk).toMatch(/^PAST#/);
  });

  it('… although its node syncs', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);

    stage.pass(14 * minute);
    await node.sync();
    await passSweeping(2 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'provision_timeout' } });
  });

  it('fails what has been pulling for 30 minutes', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    await node.sync([node.seen(uid, generation, 'pulling')]);

    await passSweeping(29 * minute);
    expect(await shown(runner, uid)).toMatchObject({ status: 'provisioning' });
    await passSweeping(2 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'pull_timeout' } });
  });

  it('asks again for a start that a syncing node does not tell of, five times', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);

    for (let attempt = 1; attempt <= 5; attempt++) {
      const told = await node.toldOf(uid);
      expect(told?.want).toBe('run');
      bodyOf(await node.claim(uid, told?.generation ?? 0));
      await passSweeping(2 * minute);
      expect((await stage.row(uid))?.state).toBe('claimed');
      await node.sync();
      await passSweeping(2 * minute);
      expect(await stage.row(uid)).toMatchObject({ attempts: attempt });
    }

    const end = await shown(runner, uid);
    expect(end).toMatchObject({ status: 'failed', reason: { code: 'start_timeout' } });
    expect(end.reason?.detail).toMatch(/tried 5 times/);
  });

  it('leaves a claimed instance alone for as long as its node is silent', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    bodyOf(await node.claim(uid, generation));

    await passSweeping(30 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'offline' });
    await node.sync([node.seen(uid, generation, 'listening')]);
    expect(await shown(runner, uid)).toMatchObject({ status: 'online' });
  });

  it('fails what runs for 5 minutes without listening', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    bodyOf(await node.claim(uid, generation));
    await node.sync([node.seen(uid, generation, 'running')]);

    await passSweeping(6 * minute);
    expect((await stage.row(uid))?.state).toBe('started');
    await node.sync();
    await passSweeping(2 * minute);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'never_listened' } });
    expect(await node.toldOf(uid)).toMatchObject({ want: 'gone' });
  });

  it('lets a job run for days', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);

    stage.pass(50 * minute);
    await stage.cloud.sweep();
    await node.sync();

    expect(await shown(runner, uid)).toMatchObject({ status: 'busy' });
    expect((await stage.row(uid))?.due).toBeUndefined();
  });
});

describe('attempts', () => {
  it('waits longer after each refusal that may pass, and fails after the fifth with its reason', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    const reason = { code: 'engine_unavailable', detail: 'The Docker engine does not answer.' };
    const refuse = () => node.sync([node.seen(uid, generation, 'refused', { reason, retryable: true })]);

    await refuse();

    expect(await shown(runner, uid)).toMatchObject({ status: 'provisioning', reason });
    const first = (await node.toldOf(uid))?.not_before ?? 0;
    expect(first - stageNow()).toBeGreaterThan(6000);
    refusedWith('claim.wait', await node.claim(uid, generation));
    for (let attempt = 2; attempt <= 5; attempt++) await refuse();
    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason: { code: 'engine_unavailable' } });
  });

  it('fails at once what is refused for good', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;

    const reason = { code: 'image_missing', detail: 'There is no image "ubuntu:22.04".' };
    await node.sync([node.seen(uid, generation, 'refused', { reason, retryable: false })]);

    expect(await shown(runner, uid)).toMatchObject({ status: 'failed', reason });
  });
});
