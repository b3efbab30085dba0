import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf } from './bodies.ts';
import { minute, openStage, pat, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

describe('the options of a runner', () => {
  it('reach its node: the pull policy with what it is told, the environment with the claim', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { environment: { HTTP_PROXY: 'http://proxy:3128' }, pull_policy: 'never' });
    const uid = await stage.instance(runner, node.uid);

    const told = await node.toldOf(uid);
    const claimed = bodyOf(await node.claim(uid, told?.generation ?? 0));

    expect(told).toMatchObject({ pull_policy: 'never' });
    expect(claimed.environment).toEqual({ HTTP_PROXY: 'http://proxy:3128' });
  });

  it.each([
    ['the runner’s own', { runner_name: 'x' }],
    ['inputs of actions', { ACTIONS_RUNNER_INPUT_URL: 'x' }],
    ['what is no name', { 'A-B': 'x' }],
    ['too much', { A: 'x'.repeat(4096) }],
    ['a NUL', { A: '\0' }],
  ])('refuse an environment with %s', async (_name, environment) => {
    await expect(stage.runner(pat, { environment })).rejects.toThrow(/request\.invalid/);
  });

  it('are shown, changed and taken away', async () => {
    const runner = await stage.runner(pat, { architecture: 'arm64', max_lifetime_minutes: 60 });
    const params = { org_id: stage.org, runner_id: runner };

    const shown = bodyOf(await stage.api.runners.get({ params }));
    const same = bodyOf(await stage.api.runners.change({ params, body: shown }));
    const without = { architecture: null, max_lifetime_minutes: null, environment: { A: 'b' } };
    const changed = bodyOf(await stage.api.runners.change({ params, body: without }));

    expect(shown).toMatchObject({
      architecture: 'arm64',
      max_lifetime_minutes: 60,
      pull_policy: null,
      node_labels: [],
    });
    expect(same).toEqual(shown);
    expect(changed).toEqual({ ...shown, ...without });
    expect(bodyOf(await stage.api.runners.get({ params }))).toEqual(changed);
  });
});

describe('an instance that has lived as long as it may', () => {
  it('is ended by the sweep, at GitHub first, and stays readable as stopped', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { max_lifetime_minutes: 30 });
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);

    stage.pass(31 * minute);
    await node.sync();
    await stage.cloud.sweep();

    expect(stage.github.runners().map(({ name }) => name)).not.toContain(`rp-${uid}`);
    const told = await node.toldOf(uid);
    expect(told).toMatchObject({ want: 'gone' });
    await node.sync([node.seen(uid, told?.generation ?? 0, 'gone')]);
    const shown = bodyOf(await stage.get(runner, uid));
    expect(shown).toMatchObject({ status: 'stopped', reason: { code: 'lifetime_reached' } });
  });

  it('ends its job first', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { max_lifetime_minutes: 30, ephemeral: false });
    const uid = await stage.instance(runner, node.uid);
    const generation = await node.start(uid);
    await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);
    stage.pass(45 * minute);
    await node.sync();
    await stage.cloud.sweep();
    expect(bodyOf(await stage.get(runner, uid)).status).toBe('busy');

    await node.sync([node.seen(uid, generation, 'listening')]);
    stage.pass(2 * minute);
    await node.sync();
    await stage.cloud.sweep();

    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({
      status: 'stopped',
      reason: { code: 'lifetime_reached' },
    });
  });
});
