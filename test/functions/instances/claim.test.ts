import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { minute, openStage, pat, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  stage.github.clearFaults();
  expect(await stage.wrongs()).toEqual([]);
});

async function placed(token = pat, options = {}) {
  const node = await stage.node();
  const runner = await stage.runner(token, options);
  const uid = await stage.instance(runner, node.uid);
  const generation = (await node.toldOf(uid))?.generation ?? 0;
  const shown = async () => bodyOf(await stage.get(runner, uid));
  return { node, runner, uid, generation, shown };
}

const minted = () => stage.github.calls.filter(({ path }) => path.endsWith('/generate-jitconfig')).length;

describe('a claim', () => {
  it('answers the same credential again when its answer was lost, without another at GitHub', async () => {
    const { node, uid, generation } = await placed();

    const first = bodyOf(await node.claim(uid, generation));
    const before = minted();
    const second = bodyOf(await node.claim(uid, generation));

    expect(second).toEqual(first);
    expect(minted()).toBe(before);
    expect(await stage.row(uid)).toMatchObject({ attempts: 1 });
  });

  it('makes another credential once the first is 2 minutes old, although GitHub has its name', async () => {
    const { node, uid, generation } = await placed();
    const first = bodyOf(await node.claim(uid, generation));

    stage.pass(2 * minute + 1000);
    const second = bodyOf(await node.claim(uid, generation));

    expect(second.secret).not.toBe(first.secret);
    expect(stage.github.runners().filter(({ name }) => name === `rp-${uid}`)).toHaveLength(1);
    expect(await stage.row(uid)).toMatchObject({ attempts: 2 });
  });

  it('lets nobody else in while one is under way', async () => {
    const { node, uid, generation } = await placed();

    const claims = await Promise.all([1, 2, 3, 4].map(() => node.claim(uid, generation)));

    const secrets = new Set(claims.flatMap((claim) => (claim.ok ? [claim.body.secret] : [])));
    expect(secrets.size).toBe(1);
    for (const claim of claims) {
      if (claim.ok) continue;
      expect(claim.problem.code).toBe('claim.wait');
      expect(Number(claim.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('keeps the credential sealed, and no longer than to the start', async () => {
    const { node, uid, generation } = await placed();
    const { secret } = bodyOf(await node.claim(uid, generation));
    const stored = async () => (await stage.rows()).filter(({ pk }) => pk === `CREDENTIAL#${uid}`);
    expect(JSON.stringify(await stored())).not.toContain(secret);
    expect(await stored()).toHaveLength(1);

    await node.sync([node.seen(uid, generation, 'running')]);

    expect(await stored()).toEqual([]);
    refusedWith('claim.started', await node.claim(uid, generation));
  });

  it('is refused to every other node, and for every other generation', async () => {
    const { uid, node, generation } = await placed();
    const other = await stage.node();

    refusedWith('instance.not-found', await other.claim(uid, generation));
    refusedWith('claim.not-wanted', await node.claim(uid, generation - 1));
    refusedWith('claim.not-wanted', await node.claim(uid, generation + 1));
    refusedWith('instance.not-found', await node.claim('no-such', generation));
  });

  it('gives a registration token through, and makes one with a PAT for a runner that is to last', async () => {
    const given = stage.github.registrationToken('Gigatech/my-repo');
    const own = await placed(given);
    const lasting = await placed(pat, { ephemeral: false });

    const through = bodyOf(await own.node.claim(own.uid, own.generation));
    const made = bodyOf(await lasting.node.claim(lasting.uid, lasting.generation));

    expect(through).toMatchObject({ kind: 'registration', secret: given, ephemeral: false });
    expect(made).toMatchObject({ kind: 'registration', ephemeral: false });
    expect(made.secret).not.toContain('ghp_');
    expect(await stage.row(own.uid)).toMatchObject({ github_runner: 'none' });
  });

  it('waits for GitHub that is unavailable for up to 6 h, and uses up no attempt', async () => {
    const { node, uid, generation, shown } = await placed();
    stage.github.fail({ path: '/generate-jitconfig', status: 502, times: 100 });

    refusedWith('claim.wait', await node.claim(uid, generation));
    expect(await shown()).toMatchObject({ status: 'provisioning', reason: { code: 'github_unavailable' } });
    expect(await stage.row(uid)).toMatchObject({ attempts: 0, state: 'requested' });
    for (let hour = 0; hour < 5; hour++) {
      stage.pass(60 * minute);
      await stage.cloud.sweep();
      await node.sync();
      refusedWith('claim.wait', await node.claim(uid, generation));
    }
    stage.pass(60 * minute + 1000);
    await node.sync();
    await stage.cloud.sweep();

    expect(await shown()).toMatchObject({ status: 'failed', reason: { code: 'github_unavailable' } });
  });

  it('honours how long GitHub asks to be left alone', async () => {
    const { node, uid, generation } = await placed();
    stage.github.fail({ path: '/generate-jitconfig', status: 429, headers: { 'retry-after': '120' } });

    const refused = await node.claim(uid, generation);

    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(119);
    stage.pass(121_000);
    await node.sync();
    bodyOf(await node.claim(uid, generation));
    expect((await stage.row(uid))?.github_unavailable_since).toBeUndefined();
  });

  it.each([
    [401, 'github_unauthorized', /Give the runner a new one/],
    [404, 'github_not_found', /Check "github_repo"/],
    [422, 'github_invalid', /GitHub did not register a runner/],
  ])('fails at once on %i, with what to do', async (status, code, says) => {
    const { node, uid, generation, shown } = await placed();
    stage.github.fail({ path: '/generate-jitconfig', status });

    refusedWith('claim.not-wanted', await node.claim(uid, generation));

    expect(await shown()).toMatchObject({ status: 'failed', reason: { code, detail: expect.stringMatching(says) } });
    expect(await node.toldOf(uid)).toMatchObject({ want: 'gone' });
  });

  it('hands out nothing when the instance is deleted while GitHub is asked', async () => {
    const { node, runner, uid, generation } = await placed();
    stage.github.fail({ path: '/generate-jitconfig', delayMs: 700 });

    const claiming = node.claim(uid, generation);
    await expect.poll(async () => (await stage.row(uid))?.state).toBe('claimed');
    const params = { org_id: stage.org, runner_id: runner, instance_id: uid };
    bodyOf(await stage.api.instances.remove({ params }));

    refusedWith('claim.wait', await claiming);
    const told = await node.toldOf(uid);
    await node.sync([node.seen(uid, told?.generation ?? 0, 'gone')]);
    expect((await stage.rows()).filter(({ pk }) => pk === `CREDENTIAL#${uid}`)).toEqual([]);
    expect(stage.github.runners().some(({ name }) => name === `rp-${uid}`)).toBe(true);
    stage.pass(2 * minute);
    await stage.cloud.sweep();
    expect(stage.github.runners().some(({ name }) => name === `rp-${uid}`)).toBe(false);
  });

  it('gets nothing to start where two machines use one token', async () => {
    const { node, uid, generation } = await placed();
    const one = await node.sync();
    const other = { boot_id: crypto.randomUUID() };

    expect(one.reap).toBe(true);
    expect((await node.sync([], other)).reap).toBe(true);
    expect((await node.sync()).reap).toBe(false);
    refusedWith('claim.wait', await node.claim(uid, generation));
    stage.pass(11 * minute);
    expect((await node.sync()).reap).toBe(true);
    bodyOf(await node.claim(uid, generation));
  });
});
