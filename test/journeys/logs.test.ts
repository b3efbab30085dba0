import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithEngine } from '../engine.ts';
import { removeAllOf } from './containers.ts';
import { until } from './http.ts';
import { ask, repository, settleIn, type Tenant } from './tenant.ts';

const count = 10_000;
// Bursts of 250 lines over some 4 s, so that the agent is killed in the middle of them.
const script = `for burst in $(seq 0 39); do seq $((burst * 250 + 1)) $((burst * 250 + 250)) | sed 's/^/numbered /'; sleep 0.1; done`;

interface Line {
  readonly seq: number;
  readonly timestamp: string;
  readonly message: string;
}

describeWithEngine('a log', () => {
  let folder: string;
  let github: Github;
  let cloud: Cloud;
  let tenant: Tenant;
  let path: string;

  beforeAll(async () => {
    await makeDemoImages();
    folder = await mkdtemp(join(tmpdir(), 'rp-logs-'));
    github = await startGithub({ host: '0.0.0.0' });
    cloud = await startCloud({
      dataDir: folder,
      env: {
        ...github.settings,
        RUNNER_PILOT_LOG_LEVEL: 'ERROR',
        RUNNER_PILOT_RATE_JOURNAL: '1000/0.01',
      },
    });
    tenant = await settleIn(cloud.url);
    const instances = await tenant.makeRunner({ name: 'Runner-01', docker_image: plainImage });
    const { uid } = await ask(tenant.api, 'POST', instances, {}, { prefer: 'wait=25' });
    path = `${instances}/${uid}`;
    await until('it to be online', async () => (await ask(tenant.api, 'GET', path)).status === 'online');
  });

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud);
    } finally {
      await cloud?.close();
      await removeAllOf(deploymentOf(folder));
      await github?.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  const page = async (at: string) => {
    const answer = await tenant.api('GET', at);
    expect(answer.status).toBe(200);
    const links = [...(answer.headers.get('link') ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)];
    const link = (rel: string) => {
      const target = links.find(([, , name]) => name === rel)?.[1];
      return target && new URL(target, cloud.url).href.slice(cloud.url.length);
    };
    return { lines: answer.body as Line[], older: link('prev'), newer: link('next') };
  };
  const numbersIn = (lines: readonly Line[]) =>
    lines.flatMap(({ message }) => /^numbered (\d+)$/.exec(message)?.[1] ?? []).map(Number);
  const expected = Array.from({ length: count }, (_, index) => index + 1);

  test('has every line once although the agent is killed twice in between', { timeout: 90_000 }, async () => {
    github.queueJob({ repository, name: 'count', steps: [{ run: script }] });
    for (const after of [1, 5000]) {
      await until(`line ${after}`, async () => {
        const { lines } = await page(`${path}/logs?limit=10`);
        return numbersIn(lines).some((number) => number >= after);
      });
      const pid = cloud.agentPid;
      if (pid === undefined) throw new Error('There is no agent to kill.');
      process.kill(pid, 'SIGKILL');
      await until('the agent to be started again', async () => cloud.agentPid !== undefined && cloud.agentPid !== pid);
    }
    await until(
      'the end of the job',
      async () =>
        (await ask(tenant.api, 'GET', path)).status === 'stopped' &&
        (await page(`${path}/logs?limit=10`)).lines.some(({ message }) => message.startsWith('Runner container ended')),
      40,
    );

    const pages = [await page(`${path}/logs?limit=1000`)];
    for (let older = pages[0]?.older; older !== undefined; older = pages[0]?.older) pages.unshift(await page(older));
    const all = pages.flatMap(({ lines }) => lines);

    expect(numbersIn(all)).toEqual(expected);
    expect(all.map(({ seq }) => seq)).toEqual([...new Set(all.map(({ seq }) => seq))].toSorted((a, b) => a - b));
  });

  test('reads the same forwards, in pages of another size, as backwards', { timeout: 60_000 }, async () => {
    let first = await page(`${path}/logs?limit=1000`);
    while (first.older !== undefined) first = await page(first.older);
    const forwards = [...first.lines];
    for (let next = first.newer; next !== undefined; ) {
      const { lines, newer } = await page(next.replace('limit=1000', 'limit=700'));
      if (lines.length === 0) break;
      forwards.push(...lines);
      next = newer;
    }

    expect(numbersIn(forwards)).toEqual(expected);
  });
});
