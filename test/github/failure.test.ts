import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubScope } from '#domain/github.ts';
import { githubClient } from '#github/client.ts';
import { toFailure } from '#github/failure.ts';
import { type Github, startGithub } from '#local/demo/github.ts';

const scope = githubScope('Gigatech/my-repo');
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const order = { name: 'rp-1', labels: ['self-hosted'] };

let github: Github;
beforeEach(async () => {
  github = await startGithub();
});
afterEach(() => github.close());

const mint = async (now = Date.now()) => {
  const result = await githubClient({ apiUrl: github.apiUrl, now: () => now, timeoutMs: 300 }).mintJitConfig(
    scope,
    token,
    order,
  );
  if (result.ok) throw new Error('GitHub should have refused.');
  return result.failure;
};

describe('a failure at GitHub', () => {
  test('of the credential says that a new one is needed', async () => {
    github.refuseToken(token, 401);

    const failure = await mint();

    expect(failure.kind).toBe('unauthorized');
    expect(failure.detail).toContain('Give the runner a new one');
  });

  test.each([
    [403, 'forbidden'],
    [404, 'not_found'],
  ])('of permission (%i) names the permission for a repository', async (status, kind) => {
    github.refuseToken(token, status);

    const failure = await mint();

    expect(failure.kind).toBe(kind);
    expect(failure.detail).toContain('Gigatech/my-repo');
    expect(failure.detail).toContain('"Administration: write"');
  });

  test('of permission names the permission for an organization', async () => {
    github.refuseToken(token, 403);

    const client = githubClient({ apiUrl: github.apiUrl, now: Date.now });
    const result = await client.mintJitConfig(githubScope('Gigatech'), token, order);

    expect(!result.ok && result.failure.detail).toContain('"Self-hosted runners: write"');
    expect(!result.ok && result.failure.detail).toContain('"admin:org"');
  });

  test.each([500, 502, 503, 504])('of its own (%i) passes by itself', async (status) => {
    github.fail({ status });

    expect((await mint()).kind).toBe('unavailable');
  });

  test.each([{ hang: 'before' }, { hang: 'after' }, { cut: 'before' }, { cut: 'after' }] as const)(
    'of the connection (%j) passes by itself',
    async (fault) => {
      github.fail(fault);

      expect((await mint()).kind).toBe('unavailable');
    },
  );

  test('of a network that is not there passes by itself', async () => {
    await github.close();

    expect((await mint()).kind).toBe('unavailable');
  });

  test('by an answer that is no JSON, or too large, passes by itself', async () => {
    github.fail({ status: 200, body: 'hello' });
    expect((await mint()).kind).toBe('unavailable');

    github.fail({ status: 200, body: 'x'.repeat(9 * 1024 * 1024) });
    expect((await mint()).kind).toBe('unavailable');
  });

  test('by the primary rate limit is waited for until it is reset', async () => {
    const now = Date.now();
    github.setRateLimit(0);

    const failure = await mint(now);

    expect(failure.kind === 'unavailable' && failure.retryAfterSeconds).toBeGreaterThan(3590);
    expect(failure.kind === 'unavailable' && failure.retryAfterSeconds).toBeLessThanOrEqual(3601);
  });

  test.each([
    [403, { 'retry-after': '17' }, 17],
    [429, { 'retry-after': '0' }, 1],
    [429, {}, 60],
    [429, { 'retry-after': 'soon' }, 60],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'never' }, 60],
    [429, { 'retry-after': '999999999' }, 21_600],
  ])('by a secondary limit (%i %j) is waited for: %i s', async (status, headers, seconds) => {
    github.fail({ status, headers });

    expect(await mint()).toMatchObject({ kind: 'unavailable', retryAfterSeconds: seconds });
  });

  test('by a secondary limit without a header is known by its words', async () => {
    github.fail({ status: 403, body: { message: 'You have exceeded a secondary rate limit.' } });

    expect(await mint()).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 60 });
  });

  test('never has the credential in it, though GitHub should repeat it', () => {
    const statuses = fc.constantFrom(400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 503);
    fc.assert(
      fc.property(statuses, fc.string({ maxLength: 400 }), fc.string({ maxLength: 10 }), (status, before, after) => {
        const message = `${before}${token}${after} and ${token}`;
        const failure = toFailure({ status, headers: {}, message }, { what: 'register a runner', scope, token }, 0);

        expect(JSON.stringify(failure)).not.toContain(token);
        expect(failure.detail).toMatch(/^[ -~]+$/);
      }),
    );
  });
});
