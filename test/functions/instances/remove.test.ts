import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import type { FakeNode } from './fake-node.ts';
import { minute, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const remove = (runner: string, uid: string, force = false) =>
  stage.api.instances.remove({
    params: { org_id: stage.org, runner_id: runner, instance_id: uid },
    ...(force && { query: { force: 'true' } }),
  });

const listed = async (runner: string) =>
  bodyOf(await stage.api.instances.list({ params: { org_id: stage.org, runner_id: runner } })).map(({ uid }) => uid);

/** Brings an instance to a state. */
const reach: Record<string, (node: FakeNode, uid: string, generation: number) => Promise<unknown>> = {
  requested: async () => {},
  pulling: (node, uid, generation) => node.sync([node.seen(uid, generation, 'pulling')]),
  claimed: (node, uid, generation) => node.claim(uid, generation),
  started: async (node, uid, generation) => {
    await node.claim(uid, generation);
    await node.sync([node.seen(uid, generation, 'running')]);
  },
  running: (node, uid) => node.start(uid),
  ended: async (node, uid, generation) => {
    await node.start(uid);
    await node.sync([node.seen(uid, generation, 'exited', { exit_code: 0 })]);
  },
  failing: (node, uid, generation) => node.sync([node.seen(uid, generation, 'refused', { retryable: false })]),
};

describe('deleting an instance', () => {
  it.each(Object.keys(reach))('that is %s: 404 at once, and gone once its node has confirmed', async (state) => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await reach[state]?.(node, uid, (await node.toldOf(uid))?.generation ?? 0);
    expect((await stage.row(uid))?.state).toBe(state);

    expect(bodyOf(await remove(runner, uid))).toEqual({ message: 'Runner instance deleted successfully.' });

    refusedWith('instance.not-found', await stage.get(runner, uid));
    refusedWith('instance.not-found', await remove(runner, uid));
    expect(await listed(runner)).toEqual([]);
    const told = await node.toldOf(uid);
    expect(told).toMatchObject({ want: 'gone', grace_seconds: 10 });
    refusedWith('claim.not-wanted', await node.claim(uid, told?.generation ?? 0));
    const { desired } = await node.sync([node.seen(uid, told?.generation ?? 0, 'gone')]);
    expect(desired).toEqual([]);
    expect((await stage.row(uid))?.sk).toMatch(/^DELETED#/);
    refusedWith('instance.not-found', await stage.get(runner, uid));
  });

  it('that has ended and is history: moved, and told to nobody', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    await node.sync([node.seen(uid, generation, 'exited'), node.seen(uid, generation, 'gone')]);
    expect(await listed(runner)).toEqual([uid]);

    bodyOf(await remove(runner, uid));

    expect(await listed(runner)).toEqual([]);
    expect((await stage.row(uid))?.sk).toMatch(/^DELETED#/);
  });

  it('that runs a job is refused with the job; by force the job has 60 s to be cancelled', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    await node.sync([node.seen(uid, generation, 'busy', { job: 'deploy' })]);

    expect(refusedWith('instance.busy', await remove(runner, uid))).toMatch(/the job "deploy".*\?force=true/);
    bodyOf(await remove(runner, uid, true));

    expect(await node.toldOf(uid)).toMatchObject({ want: 'gone', grace_seconds: 60 });
    expect((await stage.row(uid))?.state).toBe('deleting');
  });

  it('by force on an unreachable node finishes at once; without it, it waits for the node', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const [one, other] = [await stage.instance(runner, node.uid), await stage.instance(runner, node.uid)];
    await node.start(one);
    stage.pass(20 * minute);

    bodyOf(await remove(runner, one, true));
    bodyOf(await remove(runner, other));

    expect((await stage.row(one))?.sk).toMatch(/^DELETED#/);
    expect((await stage.row(other))?.state).toBe('deleting');
    const { desired, reap } = await node.sync();
    expect(desired.map(({ uid }) => uid)).toEqual([other]);
    expect(reap).toBe(true);
  });

  it('removes the runner at GitHub first, so that it gets no job meanwhile', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    const there = () => stage.github.runners().some(({ name }) => name === `rp-${uid}`);
    expect(there()).toBe(true);

    bodyOf(await remove(runner, uid));

    expect(there()).toBe(false);
    expect(await stage.row(uid)).toMatchObject({ github_runner: 'forgotten' });
  });

  it('is refused where GitHub knows of a job that the node has not told of', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    stage.github.fail({ method: 'DELETE', path: '/actions/runners/', status: 422 });

    refusedWith('instance.busy', await remove(runner, uid));

    expect((await stage.row(uid))?.state).toBe('running');
  });

  it('goes on without GitHub when that does not answer in 2 s, and the sweep does it later', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    stage.github.fail({ method: 'GET', path: '/actions/runners', hang: 'before', times: 1 });

    const began = performance.now();
    bodyOf(await remove(runner, uid));
    expect(performance.now() - began).toBeLessThan(4000);

    const told = await node.toldOf(uid);
    await node.sync([node.seen(uid, told?.generation ?? generation, 'gone')]);
    expect(await stage.row(uid)).toMatchObject({ github_runner: 'registered', github_tries: 1 });
    stage.github.clearFaults();
    stage.pass(2 * minute);
    await stage.cloud.sweep();
    expect(stage.github.runners().some(({ name }) => name === `rp-${uid}`)).toBe(false);
    expect(await stage.row(uid)).toMatchObject({ state: 'deleted', github_runner: 'forgotten' });
    expect((await stage.row(uid))?.due).toBeUndefined();
  });

  it('rows of one that ended by itself lose their runner at GitHub by the sweep', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    await node.sync([node.seen(uid, generation, 'exited'), node.seen(uid, generation, 'gone')]);
    expect(stage.github.runners().some(({ name }) => name === `rp-${uid}`)).toBe(true);

    stage.pass(minute);
    await stage.cloud.sweep();

    expect(stage.github.runners().some(({ name }) => name === `rp-${uid}`)).toBe(false);
    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'stopped' });
  });
});

describe('deleting what has instances', () => {
  it('a runner by force: its instances go with it, and GitHub forgets theirs, even if it can not be asked at once', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    const params = { org_id: stage.org, runner_id: runner };
    const kept = async () => (await stage.rows()).filter(({ sk }) => sk === `RUNNER#${runner}`).length;
    refusedWith('runner.has-instances', await stage.api.runners.remove({ params }));

    bodyOf(await stage.api.runners.remove({ params, query: { force: 'true' } }));
    refusedWith('runner.not-found', await stage.api.runners.get({ params }));
    const told = await node.toldOf(uid);
    await node.sync([node.seen(uid, told?.generation ?? 0, 'gone')]);
    stage.github.fail({ method: 'GET', path: '/actions/runners', status: 503, times: 20 });
    stage.pass(2 * minute);
    await stage.cloud.sweep();
    expect(stage.github.runners().filter(({ name }) => name === `rp-${uid}`)).toHaveLength(1);
    expect(await kept()).toBe(1);

    stage.github.clearFaults();
    stage.pass(5 * minute);
    await stage.cloud.sweep();
    expect(stage.github.runners().filter(({ name }) => name === `rp-${uid}`)).toEqual([]);
    stage.pass(4 * minute);
    await stage.cloud.sweep();
    expect(await kept()).toBe(0);
  });

  it('a node by force: its instances are gone at once, and its agent is told to forget it', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    const params = { org_id: stage.org, node_id: node.uid };

    bodyOf(await stage.api.nodes.remove({ params, query: { force: 'true' } }));

    refusedWith('instance.not-found', await stage.get(runner, uid));
    expect(await node.sync()).toMatchObject({ retired: true, desired: [], reap: true });
    refusedWith('token.invalid', await node.claim(uid, 1));
  });
});
