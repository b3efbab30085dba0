import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, owner, quiet, refused, runnerDraft, unique } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

async function ownerWithRunner(more: object = {}) {
  const john = await owner(cloud);
  const org = { org_id: john.org_id };
  const runner = good(await john.api.runners.create({ params: org, body: { ...runnerDraft, ...more } }));
  return { john, runner, org, params: { ...org, runner_id: runner.uid } };
}

describe('a new runner', () => {
  test('shows its token to its owner, when that ends, and what follows', async () => {
    const { runner } = await ownerWithRunner();

    expect(runner).toMatchObject({ ...runnerDraft, status: 'idle', ephemeral: false, scope: 'repository' });
    const endsIn = Date.parse(runner.github_runner_token_expires_at ?? '') - Date.parse(runner.created_at);
    expect(Math.abs(endsIn - 3_600_000)).toBeLessThan(5000);
    expect(runner.warnings).toMatchObject([{ code: 'credential.short-lived' }]);
  });

  test('with a personal access token of an organization is ephemeral and has no end', async () => {
    const { runner } = await ownerWithRunner({ github_runner_token: `ghp_${unique('x')}`, github_repo: 'Gigatech' });

    expect(runner).toMatchObject({
      ephemeral: true,
      scope: 'organization',
      github_runner_token_expires_at: null,
      warnings: [],
    });
  });
});

describe('its token', () => {
  test('is nowhere in the files of the cloud', async () => {
    const canary = `ghp_${unique('canary')}`;
    await ownerWithRunner({ github_runner_token: canary });
    const files = (await readdir(cloud.dataDir, { recursive: true, withFileTypes: true })).filter((one) =>
      one.isFile(),
    );

    const holding = [];
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name));
      if (bytes.includes(canary) || bytes.includes(Buffer.from(canary).toString('base64').slice(4, -4))) {
        holding.push(name);
      }
    }

    expect(files.length).toBeGreaterThan(3);
    expect(holding).toEqual([]);
  });

  test('masked and sent back is refused', async () => {
    const { john, params } = await ownerWithRunner();

    const outcome = await john.api.runners.change({ params, body: { github_runner_token: 'ghr_…cdef' } });

    expect(refused(outcome)).toMatchObject({ status: 400, code: 'runner.token-masked' });
  });

  test('that an edit form sends back stays as it was, a new one gets a new hour', async () => {
    const { john, runner, params } = await ownerWithRunner();

    const same = good(await john.api.runners.change({ params, body: { ...runner, name: 'Other' } }));
    const fresh = good(await john.api.runners.change({ params, body: { github_runner_token: 'ghr_another-token' } }));

    expect(same).toEqual({ ...runner, name: 'Other' });
    expect(fresh.github_runner_token).toBe('ghr_another-token');
    expect(Date.parse(fresh.github_runner_token_expires_at ?? '')).toBeGreaterThan(
      Date.parse(same.github_runner_token_expires_at ?? ''),
    );
  });

  test('is never repeated where it is wrong', async () => {
    const john = await owner(cloud);
    const body = { ...runnerDraft, github_runner_token: 'se cret' };

    const outcome = await john.api.runners.create({ params: { org_id: john.org_id }, body });

    expect(refused(outcome).errors).toMatchObject([{ path: 'body.github_runner_token' }, {}]);
    expect(JSON.stringify(outcome)).not.toContain('se cret');
  });
});

test('a runner without instances is deleted, with or without force', async () => {
  const { john, org, params } = await ownerWithRunner();
  const other = good(await john.api.runners.create({ params: org, body: runnerDraft }));

  good(await john.api.runners.remove({ params }));
  good(await john.api.runners.remove({ params: { ...org, runner_id: other.uid }, query: { force: 'true' } }));

  expect(good(await john.api.runners.list({ params: org }))).toEqual([]);
  expect(refused(await john.api.runners.get({ params })).code).toBe('runner.not-found');
});
