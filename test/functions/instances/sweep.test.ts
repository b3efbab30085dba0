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

const names = () => stage.github.runners().map(({ name }) => name);

/** Registers a runner at GitHub that nobody of ours has made. */
async function registerThere(name: string, labels: readonly string[]): Promise<void> {
  const answer = await fetch(`${stage.github.apiUrl}/repos/Gigatech/my-repo/actions/runners/generate-jitconfig`, {
    method: 'POST',
    headers: { authorization: `Bearer ${pat}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, labels, runner_group_id: 1 }),
  });
  expect(answer.status).toBe(201);
}

describe('the sweep', () => {
  it('deletes at GitHub what nobody has, after two sightings, and nothing that is not its own', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    await node.start(uid);
    const labels =
      stage.github
        .runners()
        .find(({ name }) => name === `rp-${uid}`)
        ?.labels.map(({ name }) => name) ?? [];
    await registerThere('rp-stray', labels);
    await registerThere(
      'rp-of-another-runner',
      labels.filter((label) => label !== `rp-${runner}`),
    );
    await registerThere('somebodys-own', ['self-hosted', 'linux']);

    stage.pass(11 * minute);
    await stage.cloud.sweep();
    expect(names()).toContain('rp-stray');
    stage.pass(11 * minute);
    await stage.cloud.sweep();

    expect(names()).not.toContain('rp-stray');
    expect(names()).toEqual(expect.arrayContaining([`rp-${uid}`, 'rp-of-another-runner', 'somebodys-own']));
  });

  it('is never two at once, and looks at each due row once', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uids = await Promise.all([1, 2, 3].map(() => stage.instance(runner, node.uid)));

    stage.pass(16 * minute);
    await Promise.all([stage.cloud.sweep(), stage.cloud.sweep()]);

    for (const uid of uids) expect(bodyOf(await stage.get(runner, uid)).status).toBe('failed');
    for (const uid of uids) expect(await stage.row(uid)).toMatchObject({ state: 'failing', revision: 2 });
  });

  it('leaves no row overdue', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    for (let i = 0; i < 5; i++) await stage.instance(runner, node.uid);
    stage.pass(20 * minute);

    await stage.cloud.sweep();

    expect(await stage.overdue()).toEqual([]);
  });
});

describe('a hostile node', () => {
  it('touches nothing but what is placed on it', async () => {
    const [mine, other] = [await stage.node(), await stage.node()];
    const runner = await stage.runner();
    const uid = await stage.instance(runner, other.uid);
    const generation = await other.start(uid);
    const before = await stage.row(uid);

    await mine.sync([
      mine.seen(uid, generation, 'gone'),
      mine.seen(uid, generation, 'exited'),
      mine.seen('no-such', 1, 'gone'),
      mine.seen(uid, 0, 'gone'),
    ]);

    expect(await stage.row(uid)).toEqual(before);
    const told = (await stage.rows()).filter(({ pk }) => pk === `EVENT#${mine.uid}`);
    expect(told.map(({ code }) => code)).toEqual(['created', 'enrolled', 'containers_unlisted']);
  });

  it('is refused what has no bound, and its words are shown without control characters', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    const flood = Array.from({ length: 257 }, () => node.seen(uid, generation, 'pulling'));
    const long = { code: 'x', detail: 'y'.repeat(1025) };

    await expect(node.sync(flood)).rejects.toThrow(/request\.invalid/);
    await expect(node.sync([node.seen(uid, generation, 'refused', { reason: long })])).rejects.toThrow(/invalid/);
    await node.claim(uid, generation);
    await node.sync([node.seen(uid, generation, 'busy', { job: '\u001b[31mbuild\u0000\r\n', at: 9e15 })]);

    const shown = bodyOf(await stage.get(runner, uid));
    expect(shown).toMatchObject({ status: 'busy', job: { name: 'build' } });
    expect(Date.parse(shown.job?.started_at ?? '')).toBeLessThan(Date.now() + 24 * 60 * minute);
  });

  it('never ends another attempt by repeating one report', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const generation = (await node.toldOf(uid))?.generation ?? 0;
    const refused = node.seen(uid, generation, 'refused', { retryable: true });

    for (let i = 0; i < 8; i++) await node.sync([refused, refused]);

    expect(await stage.row(uid)).toMatchObject({ attempts: 1, state: 'requested' });
  });

  it('has every token but its own refused', async () => {
    const node = await stage.node();
    const { api } = await stage.stranger();

    const answer = await api.agent.sync({ body: { boot_id: 'x', agent_version: '1', observed: [] } });

    expect(answer).toMatchObject({ ok: false, status: 401 });
    expect((await node.sync()).retired).toBe(false);
  });
});
