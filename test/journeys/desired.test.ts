import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { violations } from '#test/invariants.ts';
import { describeWithEngine } from '../engine.ts';
import { tableRows } from '../table-rows.ts';
import { containersOf, removeAllOf } from './containers.ts';
import { until } from './http.ts';
import { ask, canary, repository, settleIn, type Tenant } from './tenant.ts';

interface Shown {
  readonly uid: string;
  readonly status: string;
  readonly instance_identifier: string;
}

describeWithEngine('a runner of which a number is kept alive', () => {
  let folder: string;
  let github: Github;
  let cloud: Cloud;
  let tenant: Tenant;
  let at: string;

  beforeAll(async () => {
    await makeDemoImages();
    folder = await mkdtemp(join(tmpdir(), 'rp-desired-'));
    github = await startGithub({ host: '0.0.0.0' });
    cloud = await startCloud({ dataDir: folder, env: { ...github.settings, RUNNER_PILOT_LOG_LEVEL: 'ERROR' } });
    tenant = await settleIn(cloud.url);
    const instances = await tenant.makeRunner({ name: 'Runner-01', docker_image: runnerImage, desired_instances: 3 });
    at = instances.replace(/\/instance$/, '');
  });

  afterAll(async () => {
    await cloud?.close();
    await removeAllOf(deploymentOf(folder));
    await github?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const live = async (): Promise<readonly Shown[]> => ask(tenant.api, 'GET', `${at}/instance?live=true`);
  const online = async () => (await live()).filter(({ status }) => status === 'online');
  const put = (body: object) => ask(tenant.api, 'PUT', at, body);
  const get = () => ask(tenant.api, 'GET', at);
  /** So many listen, and there is no other container. */
  const settles = (many: number, seconds = 30) =>
    until(
      `${many} to listen`,
      async () => {
        const [shown, containers] = await Promise.all([online(), containersOf(deploymentOf(folder))]);
        return shown.length === many && containers.length === many && shown;
      },
      seconds,
    );
  const wrongs = async () =>
    violations(await tableRows(cloud), {
      now: Date.now(),
      sweepMs: 10_000,
      secrets: [canary],
      containers: await containersOf(deploymentOf(folder)),
    });

  test('has three, runs each of five jobs once, and is three again after each', { timeout: 180_000 }, async () => {
    await settles(3);

    const tookMs: number[] = [];
    for (let number = 1; number <= 5; number++) {
      const job = github.queueJob({ repository, name: `build-${number}` });
      await until(`${job.name} to end`, async () => job.status === 'completed', 30);
      const endedAt = performance.now();
      await until('three to listen at GitHub', async () => {
        const there = github.runners().filter(({ session }) => session !== undefined && session.waiting > 0);
        return there.length === 3 && (await online()).length === 3;
      });
      tookMs.push(Math.round(performance.now() - endedAt));
    }

    console.info(`from a job's end until the next one listens: ${tookMs.join(', ')} ms`);
    expect(github.jobs().map(({ runs, conclusion }) => [runs.length, conclusion])).toEqual(
      Array.from({ length: 5 }, () => [1, 'Succeeded']),
    );
    expect(Math.min(...tookMs)).toBeLessThan(10_000);
    expect(await get()).toMatchObject({ desired_instances: 3, replacement: { alive: 3, failures: 0, reason: null } });
    expect(await wrongs()).toEqual([]);
  });

  test('gets another one for a container that somebody has removed', { timeout: 90_000 }, async () => {
    const [one] = await settles(3);

    await callEngine('/var/run/docker.sock', 'DELETE', `/containers/${one?.instance_identifier}?force=true`);

    // One that has listened for less than a minute, without a job, counts as a failure: the next comes 10 s later.
    await until(
      'it to be replaced',
      async () => {
        const names = (await online()).map(({ uid }) => uid);
        return names.length === 3 && !names.includes(one?.uid ?? '');
      },
      40,
    );
    expect((await ask(tenant.api, 'GET', `${at}/instance/${one?.uid}`)).reason.code).toMatch(/^(killed|vanished)$/);
    await settles(3);
    expect(await wrongs()).toEqual([]);
  });

  test('is one, and none, and GitHub knows of no more', { timeout: 90_000 }, async () => {
    await put({ desired_instances: 1 });
    const [left] = await settles(1);
    // What has ended by itself, GitHub is given half a minute to forget.
    await until('GitHub to know of one', async () => github.runners().length === 1, 60);
    expect(github.runners()[0]?.name).toBe(`rp-${left?.uid}`);

    await put({ desired_instances: 0 });
    await settles(0);
    await until('GitHub to know of none', async () => github.runners().length === 0);
    expect(await wrongs()).toEqual([]);
  });

  test('with an image that is not there tries one after the other, and has none', { timeout: 90_000 }, async () => {
    await put({ docker_image: '127.0.0.1:1/none:1', desired_instances: 2, pull_policy: 'never' });

    const told = await until(
      'it to say why',
      async () => {
        const { replacement } = await get();
        return replacement.failures > 1 && replacement.next_at && replacement;
      },
      60,
    );
    expect(told).toMatchObject({ alive: 0, reason: { code: expect.stringMatching(/image/) } });
    expect((await ask(tenant.api, 'GET', `/org/GT/nodes/${tenant.node}`)).instances).toBeLessThanOrEqual(1);
    const made = (await tableRows(cloud)).filter(({ image, state }) => image === '127.0.0.1:1/none:1' && state);
    expect(made.length).toBeLessThanOrEqual(4);

    await put({ docker_image: runnerImage, pull_policy: null });
    await settles(2);
    expect((await get()).replacement).toMatchObject({ alive: 2, failures: 0, reason: null });
  });

  test('goes with all it has, and none comes back', { timeout: 90_000 }, async () => {
    await settles(2);

    await ask(tenant.api, 'DELETE', `${at}?force=true`);

    await until('all to be gone', async () => (await containersOf(deploymentOf(folder))).length === 0);
    expect((await tenant.api('GET', at)).status).toBe(404);
    await until('GitHub to know of none', async () => github.runners().length === 0, 60);
    for (let sweeps = 0; sweeps < 3; sweeps++) await cloud.sweep();
    expect(await containersOf(deploymentOf(folder))).toEqual([]);
    expect(github.runners()).toEqual([]);
    expect(await wrongs()).toEqual([]);
  });
});
