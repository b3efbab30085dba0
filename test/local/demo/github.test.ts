import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { addressForContainers } from '#local/demo/address.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { eventually } from './containers.ts';

const pat = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const Minted = z.object({ runner: z.object({ id: z.int() }), encoded_jit_config: z.string() });

let github: Github;
beforeEach(async () => {
  github = await startGithub({ pollMs: 100 });
});
afterEach(() => github.close());

const ask = (method: string, path: string, body?: unknown, credential = pat) =>
  fetch(`${github.apiUrl}${path}`, {
    method,
    headers: credential === '' ? {} : { authorization: `Bearer ${credential}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const runners = '/repos/Gigatech/my-repo/actions/runners';
const mint = async (name: string, labels = ['self-hosted', 'linux', 'mine']) =>
  Minted.parse(await (await ask('POST', `${runners}/generate-jitconfig`, { name, runner_group_id: 1, labels })).json());
const told = async (path: string, body: string) =>
  (await fetch(`${github.url}${path}`, { method: 'POST', body })).text();

describe("the stand-in's REST API", () => {
  test('lets in what looks like a credential, and nobody else', async () => {
    const statuses = async (credential: string) => (await ask('GET', runners, undefined, credential)).status;

    expect(await Promise.all(['ghp_x', 'github_pat_x', 'gho_x', 'ghu_x', 'ghs_x'].map(statuses))).toEqual([
      200, 200, 200, 200, 200,
    ]);
    expect(await Promise.all(['', 'ghr_1234567890abcdef', 'AABB'].map(statuses))).toEqual([401, 401, 401]);
    expect((await ask('GET', '/meta', undefined, '')).status).toBe(200);
    expect((await ask('GET', '/repos/actions/runner/releases/latest', undefined, '')).status).toBe(200);
    expect((await ask('GET', '/nothing')).status).toBe(404);
  });

  test('counts calls by credential, and refuses the first one too many until the hour is over', async () => {
    github.setRateLimit(2);

    const first = await ask('GET', runners);
    const second = await ask('GET', runners);
    const third = await ask('GET', runners);
    const other = await ask('GET', runners, undefined, 'ghp_other');
    github.setClock(Date.now() + 3_601_000);
    const later = await ask('GET', runners);

    expect([first, second, third, other, later].map((response) => response.status)).toEqual([200, 200, 403, 200, 200]);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    expect(third.headers.get('x-ratelimit-remaining')).toBe('0');
  });

  test('pages its lists, and links the next page', async () => {
    for (let i = 0; i < 5; i++) await mint(`rp-${i}`);

    const first = await ask('GET', `${runners}?per_page=2`);
    const next = /<(.*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await fetch(next, { headers: { authorization: `Bearer ${pat}` } });
    const last = await ask('GET', `${runners}?per_page=2&page=3`);

    expect(await second.json()).toMatchObject({ total_count: 5, runners: [{ name: 'rp-2' }, { name: 'rp-3' }] });
    expect(last.headers.get('link')).toBeNull();
  });

  test('changes the labels that are not its own', async () => {
    const { runner } = await mint('rp-1');
    const labels = `${runners}/${runner.id}/labels`;
    const names = async (response: Response) =>
      z
        .object({ labels: z.array(z.object({ name: z.string() })) })
        .parse(await response.json())
        .labels.map(({ name }) => name);

    expect(await names(await ask('POST', labels, { labels: ['more'] }))).toEqual([
      'self-hosted',
      'linux',
      'mine',
      'more',
    ]);
    expect(await names(await ask('DELETE', `${labels}/mine`))).toEqual(['self-hosted', 'linux', 'more']);
    expect(await names(await ask('PUT', labels, { labels: ['only'] }))).toEqual(['self-hosted', 'linux', 'only']);
    expect(await names(await ask('DELETE', labels))).toEqual(['self-hosted', 'linux']);
    expect(await names(await ask('GET', labels))).toEqual(['self-hosted', 'linux']);
  });

  test('refuses a name that is taken, no labels, and a group that is not there', async () => {
    await mint('rp-1');
    const status = async (body: unknown) => (await ask('POST', `${runners}/generate-jitconfig`, body)).status;

    expect(await status({ name: 'rp-1', runner_group_id: 1, labels: ['a'] })).toBe(409);
    expect(await status({ name: 'rp-2', runner_group_id: 1, labels: [] })).toBe(422);
    expect(await status({ name: 'rp-2', labels: ['a'] })).toBe(422);
    expect(await status({ name: 'rp-2', runner_group_id: 7, labels: ['a'] })).toBe(404);
  });

  test('remembers what it was asked, and how it answered, without the credential', async () => {
    github.fail({ path: 'generate-jitconfig', status: 502 });

    await ask('POST', `${runners}/generate-jitconfig`, { name: 'rp-1' });
    await ask('GET', runners);

    expect(github.calls).toMatchObject([
      {
        method: 'POST',
        path: `${runners}/generate-jitconfig`,
        status: 502,
        credential: 'ghp_',
        body: '{"name":"rp-1"}',
      },
      { method: 'GET', path: runners, status: 200 },
    ]);
    expect(JSON.stringify(github.calls)).not.toContain(pat);
  });

  test('loses an answer after its effect, if it is told to', async () => {
    github.fail({ method: 'POST', cut: 'after' });

    await expect(mint('rp-1')).rejects.toThrow();

    expect(github.runners()).toMatchObject([{ name: 'rp-1' }]);
  });
});

describe("the stand-in's runner service", () => {
  const session = async (jit: string) => {
    const files: Record<string, string> = JSON.parse(Buffer.from(jit, 'base64').toString());
    const file = (name: string): Record<string, string> =>
      JSON.parse(Buffer.from(files[name] ?? '', 'base64').toString());
    const identity = `id=${file('.runner').agentId}\nsecret=${file('.credentials_rsaparams').d}\n`;
    const answer = await told('/_services/runner/session', `${identity}version=2.335.0\n`);
    const id = /session=(\w+)/.exec(answer)?.[1] ?? answer;
    return { identity, poll: () => told('/_services/runner/message', `${identity}session=${id}\n`) };
  };

  test('gives a job to one runner only, in the order of the queue, and only where the labels fit', async () => {
    const one = await session((await mint('a')).encoded_jit_config);
    const two = await session((await mint('b')).encoded_jit_config);
    const other = await session((await mint('c', ['self-hosted', 'other'])).encoded_jit_config);
    for (const name of ['first', 'second']) {
      github.queueJob({ repository: 'gigatech/MY-REPO', name, labels: ['self-hosted', 'Mine'] });
    }

    expect(await one.poll()).toContain('name=first');
    expect(await two.poll()).toContain('name=second');
    expect(await other.poll()).toBe('ok\n');
    // An answer may be lost: what was not started is given again, to the same runner.
    expect(await one.poll()).toContain('name=first');
  });

  test('queues a job again that nobody has picked up for a minute', async () => {
    const one = await session((await mint('a')).encoded_jit_config);
    const job = github.queueJob({ repository: 'Gigatech/my-repo', name: 'build' });
    await one.poll();
    expect(github.jobs()[0]?.status).toBe('assigned');

    github.setClock(Date.now() + 61_000);

    expect(github.jobs()[0]?.status).toBe('queued');
    expect(await one.poll()).toContain(`job=${job.id}`);
    expect(job.runs).toEqual([]);
  });

  test('knows a runner by its key only', async () => {
    const { runner } = await mint('a');

    expect(await told('/_services/runner/session', `id=${runner.id}\nsecret=guessed\nversion=2.335.0\n`)).toBe(
      'error deleted\n',
    );
  });

  test('gives an organization’s runner the jobs of all its repositories', async () => {
    const minted = await ask('POST', '/orgs/Gigatech/actions/runners/generate-jitconfig', {
      name: 'o',
      runner_group_id: 1,
      labels: ['self-hosted'],
    });
    const one = await session(Minted.parse(await minted.json()).encoded_jit_config);
    github.queueJob({ repository: 'Elsewhere/my-repo', name: 'foreign' });
    github.queueJob({ repository: 'Gigatech/another', name: 'own' });

    expect(await one.poll()).toContain('name=own');
  });
});

describe("the stand-in's controls by HTTP", () => {
  test('queue, show, cancel and refuse', async () => {
    const queued = await fetch(`${github.url}/_stand-in/jobs`, {
      method: 'POST',
      body: JSON.stringify({ repository: 'Gigatech/my-repo', name: 'by hand' }),
    });
    const { id } = z.object({ id: z.int() }).parse(await queued.json());
    await fetch(`${github.url}/_stand-in/jobs/${id}/cancel`, { method: 'POST' });
    const wrong = await fetch(`${github.url}/_stand-in/jobs`, { method: 'POST', body: '{' });

    expect(await (await fetch(`${github.url}/_stand-in/jobs`)).json()).toMatchObject([
      { name: 'by hand', conclusion: 'Canceled' },
    ]);
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('"repository": "owner/name"');
    expect((await fetch(`${github.url}/_stand-in/jobs/999/release`, { method: 'POST' })).status).toBe(404);
  });
});

test('the stand-in answers at the address that containers reach', async () => {
  await using reachable = await startGithub({ host: await addressForContainers() });

  const response = await eventually(() => fetch(`${reachable.apiUrl}/meta`), 'An answer');

  expect(reachable.url).not.toContain('127.0.0.1');
  expect(response.status).toBe(200);
});
