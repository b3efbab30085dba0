import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubScope } from '#domain/github.ts';
import { githubClient } from '#github/client.ts';
import { type Github, startGithub } from '#local/demo/github.ts';

const repository = githubScope('Gigatech/my-repo');
const organization = githubScope('Gigatech');
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const order = { name: 'rp-1', labels: ['self-hosted', 'linux', 'x64', 'rp-abc'] };

let github: Github;
let now = Date.now();
const client = () => githubClient({ apiUrl: github.apiUrl, now: () => now });

beforeEach(async () => {
  github = await startGithub();
  now = Date.now();
});
afterEach(() => github.close());

describe('minting a JIT config', () => {
  test.each([repository, organization])(
    'registers an ephemeral runner with exactly the labels given: %j',
    async (scope) => {
      const minted = await client().mintJitConfig(scope, token, order);

      expect(minted).toMatchObject({ ok: true, value: { runner: { name: 'rp-1' } } });
      const [runner] = github.runners();
      expect(runner).toMatchObject({ ephemeral: true, jit: true, groupId: 1 });
      expect(runner?.labels.map((label) => label.name)).toEqual(order.labels);
    },
  );

  test('replaces a runner of the same name that an earlier attempt has left', async () => {
    const first = await client().mintJitConfig(repository, token, order);
    const second = await client().mintJitConfig(repository, token, order);

    expect(second.ok && first.ok && second.value.runner.id).not.toBe(first.ok && first.value.runner.id);
    expect(github.runners().map((runner) => runner.id)).toEqual([second.ok && second.value.runner.id]);
  });

  test('finds its name again after an answer that was lost', async () => {
    github.fail({ path: 'generate-jitconfig', cut: 'after' });

    const lost = await client().mintJitConfig(repository, token, order);
    const again = await client().mintJitConfig(repository, token, order);

    expect(lost).toMatchObject({ ok: false, failure: { kind: 'unavailable' } });
    expect(again.ok).toBe(true);
    expect(github.runners()).toHaveLength(1);
  });

  test('leaves a runner of the same name alone that runs a job, and says so', async () => {
    const first = await client().mintJitConfig(repository, token, order);
    github.fail({ method: 'DELETE', status: 422, body: { message: 'is still running a job' } });

    const second = await client().mintJitConfig(repository, token, order);

    expect(second).toMatchObject({ ok: false, failure: { kind: 'conflict' } });
    expect(!second.ok && second.failure.detail).toContain('Wait for the job to end');
    expect(github.runners().map((runner) => runner.id)).toEqual([first.ok && first.value.runner.id]);
  });

  test('says which labels or which name GitHub did not take', async () => {
    const refused = await client().mintJitConfig(repository, token, { name: 'rp-1', labels: [] });

    expect(refused).toMatchObject({ ok: false, failure: { kind: 'invalid', status: 422 } });
    expect(!refused.ok && refused.failure.detail).toContain('labels must have 1 to 100 items');
  });
});

describe('runners at GitHub', () => {
  test('are found by name, shown by id, and removed once', async () => {
    const minted = await client().mintJitConfig(repository, token, order);
    const id = minted.ok ? minted.value.runner.id : 0;

    const found = await client().findRunner(repository, token, 'rp-1');
    const shown = await client().getRunner(repository, token, id);
    const removed = await client().removeRunner(repository, token, id);
    const again = await client().removeRunner(repository, token, id);

    expect(found).toMatchObject({ ok: true, value: { id, busy: false, status: 'offline' } });
    expect(shown).toMatchObject({ ok: true, value: { id, name: 'rp-1' } });
    expect([removed, again]).toEqual([
      { ok: true, value: 'removed' },
      { ok: true, value: 'absent' },
    ]);
    expect(await client().findRunner(repository, token, 'rp-1')).toEqual({ ok: true, value: undefined });
  });

  test('are listed over all pages', async () => {
    for (let i = 0; i < 230; i++) {
      await client().mintJitConfig(organization, token, { name: `rp-${i}`, labels: ['self-hosted'] });
    }

    const listed = await client().listRunners(organization, token);

    expect(listed.ok && new Set(listed.value.map((runner) => runner.name)).size).toBe(230);
    expect(github.calls.filter((call) => call.method === 'GET')).toHaveLength(3);
  });

  test('of another scope are not there', async () => {
    const minted = await client().mintJitConfig(repository, token, order);
    const id = minted.ok ? minted.value.runner.id : 0;

    expect(await client().removeRunner(organization, token, id)).toEqual({ ok: true, value: 'absent' });
    expect(github.runners()).toHaveLength(1);
  });

  test('that run a job are busy, and stay', async () => {
    github.fail({ method: 'DELETE', status: 422, body: { message: 'Runner "rp-1" is still running a job' } });

    expect(await client().removeRunner(repository, token, 7)).toEqual({ ok: true, value: 'busy' });
  });

  test('are removed within 2 s or not at all', async () => {
    github.fail({ method: 'DELETE', hang: 'before' });
    const from = Date.now();

    const removed = await client().removeRunner(repository, token, 7);

    expect(removed).toMatchObject({ ok: false, failure: { kind: 'unavailable' } });
    expect(Date.now() - from).toBeLessThan(4_000);
  });
});

describe('a registration token', () => {
  test('is issued for an hour', async () => {
    const issued = await client().createRegistrationToken(repository, token);

    const lives = issued.ok ? Date.parse(issued.value.expires_at) - Date.now() : 0;
    expect(lives).toBeGreaterThan(3_590_000);
    expect(lives).toBeLessThanOrEqual(3_600_000);
  });
});

describe("the runner's versions", () => {
  test('are told with the digest of their tarball', async () => {
    const release = await client().latestRunnerRelease();

    const asset = release.ok ? release.value.assets[0] : undefined;
    expect(release).toMatchObject({ ok: true, value: { version: '2.335.0' } });
    expect(asset?.sha256).toBe(github.distSha256());
    expect(asset?.url).toBe(github.distUrl.replaceAll('{version}', '2.335.0').replaceAll('{arch}', asset?.arch ?? ''));
  });

  test.each([404, 401])(
    'are asked for elsewhere where the server has none (%i), without the credential',
    async (status) => {
      await using server = await startGithub({ version: '2.300.0' });
      server.fail({ path: 'releases/latest', status });

      const both = githubClient({ apiUrl: server.apiUrl, releaseApiUrl: github.apiUrl, now: () => now });

      expect(await both.latestRunnerRelease(token)).toMatchObject({ ok: true, value: { version: '2.335.0' } });
      expect(github.calls.map((call) => call.credential)).toEqual(['']);
      expect(await both.latestRunnerRelease()).toMatchObject({ ok: true, value: { version: '2.300.0' } });
    },
  );

  test('are deprecated at a time, or nothing is known of them', async () => {
    const known = await client().findRunnerDeprecation(repository, token, '2.300.0');
    const unknown = await client().findRunnerDeprecation(repository, token, 'nonsense');

    expect(known.ok && Date.parse(known.value?.registrationUntil ?? '')).toBeLessThan(Date.now());
    expect(unknown).toEqual({ ok: true, value: undefined });
  });
});
