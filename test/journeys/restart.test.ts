import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadInstallation } from '#local/aws/installation.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { region, tableName } from '#local/surroundings.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithEngine } from '../engine.ts';
import { violations } from '../invariants.ts';
import { tableRows } from '../table-rows.ts';
import { containersOf, removeAllOf } from './containers.ts';
import { type Caller, caller, until } from './http.ts';
import { freePort, type LocalMode, start, tryStart } from './local-mode.ts';
import { momentsOf } from './moments.ts';
import { ask, canary, repository, settleIn, type Tenant } from './tenant.ts';

const seed = Number(process.env.RUNNER_PILOT_TEST_SEED ?? 24);
const sample = process.env.RUNNER_PILOT_TEST_ALL === '1' ? 20 : 8;
const moments = momentsOf(seed, { count: 20, sample, spanMs: 2500 });
const sweepMs = 5000;

describeWithEngine(`local mode is killed and started again (seed ${seed})`, () => {
  let folder: string;
  let github: Github;
  let environment: Record<string, string>;
  let mode: LocalMode;
  let tenant: Tenant;
  let deployment: string;
  /** Paths of the instances of two runners: one gets the jobs, of the other instances are deleted. */
  let idle: string;
  let working: string;
  let api: Caller;
  const acknowledged: string[] = [];

  const restart = async (more: Record<string, string> = {}) => {
    mode = await start(folder, { ...environment, ...more });
    api = caller(mode.url, tenant.token);
  };

  beforeAll(async () => {
    await makeDemoImages();
    folder = await mkdtemp(join(tmpdir(), 'rp-restart-'));
    github = await startGithub({ host: '0.0.0.0' });
    environment = {
      PORT: String(await freePort()),
      ...github.settings,
      RUNNER_PILOT_LOG_LEVEL: 'ERROR',
    };
    mode = await start(folder, environment);
    const { accessKeyId, secretAccessKey } = loadInstallation(folder);
    vi.stubEnv('AWS_REGION', region);
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
    deployment = deploymentOf(folder);
    tenant = await settleIn(mode.url);
    ({ api } = tenant);
    idle = await tenant.makeRunner({ name: 'Idle', docker_image: plainImage });
    working = await tenant.makeRunner({ name: 'Working', docker_image: plainImage, labels: ['jobs'] });
  });

  afterAll(async () => {
    try {
      if (mode) await expectNothingWrong({ ...mode, tableName, dataDir: folder }, { acknowledged });
    } finally {
      await mode?.stop();
      if (deployment) await removeAllOf(deployment);
      await github?.close();
      await rm(folder, { recursive: true, force: true });
      vi.unstubAllEnvs();
    }
  });

  const live = (path: string) => ask(api, 'GET', `${path}?live=true&limit=100`);

  /** One that waits for a job: what the last moment has left, or a new one. */
  const online = async (path: string): Promise<string> => {
    const [found] = await live(path);
    const uid = found?.uid ?? (await ask(api, 'POST', path, {}, { prefer: 'wait=25' })).uid;
    await until(`${uid} to be online`, async () => (await ask(api, 'GET', `${path}/${uid}`)).status === 'online', 25);
    return uid;
  };

  /** In what the table, the engine and the design differ; nothing, once all has converged. */
  const differences = async (): Promise<string[]> => {
    const [shown, containers, rows] = await Promise.all([
      Promise.all([live(idle), live(working)]),
      containersOf(deployment),
      tableRows({ dynamoDbEndpoint: mode.dynamoDbEndpoint, tableName }),
    ]);
    const instances: { uid: string; status: string; instance_identifier: string; reason?: unknown }[] = shown.flat();
    const names = containers.map(({ name }) => name);
    const expected = instances.map((one) => one.instance_identifier);
    return [
      ...instances
        .filter(({ status }) => status !== 'online')
        .map(({ uid, status, reason }) => `${uid} is ${status} ${JSON.stringify(reason)}`),
      ...expected.filter((name) => !names.includes(name)).map((name) => `${name} has no container`),
      ...names.filter((name) => !expected.includes(name)).map((name) => `${name} should have no container`),
      ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} is there twice`),
      ...containers.filter(({ running }) => !running).map(({ name }) => `${name} does not run`),
      ...violations(rows, { now: Date.now(), sweepMs, secrets: [canary], acknowledged, containers }),
    ];
  };

  // A crash in the middle of a claim leaves its lease of 30 s, during which nobody else may ask GitHub.
  const converged = async () => {
    let found: string[] = [];
    await until(
      'the table to equal the engine',
      async () => {
        found = await differences();
        return found.length === 0;
      },
      45,
    ).catch(() => undefined);
    expect(found).toEqual([]);
  };

  test.for(moments)(
    'moment $number: $dies, $afterMs ms after ($prefer, a job of $jobSeconds s)',
    {
      timeout: 90_000,
    },
    async ({ number, afterMs, dies, prefer, jobSeconds }) => {
      const [removed, runs] = await Promise.all([online(idle), online(working)]);
      const keys = new Map([idle, working].map((path) => [path, randomUUID()]));
      const create = (path: string) =>
        api('POST', path, {}, { prefer, 'idempotency-key': keys.get(path) ?? '' }).catch(() => undefined);

      const job = github.queueJob({
        repository,
        name: `job ${number}`,
        labels: ['self-hosted', 'jobs'],
        steps: [{ print: 3 }, { sleepSeconds: jobSeconds }],
      });
      const creations = [create(idle), create(working)];
      const removal = api('DELETE', `${idle}/${removed}`).catch(() => undefined);
      await sleep(afterMs);
      await mode.crash(dies);
      const created = await Promise.all(creations);
      const deleted = await removal;
      await restart();

      expect((await api('GET', '/common/me')).status).toBe(200);
      for (const [index, path] of [idle, working].entries()) {
        const before = created[index];
        const again = await until('the creation to be answered', async () => {
          const answer = await create(path);
          return answer?.status === 200 && answer.body;
        });
        if (before) expect([before.status, before.body.uid]).toEqual([200, again.uid]);
        acknowledged.push(again.uid);
      }
      if (deleted) {
        expect(deleted.status).toBe(200);
        expect((await api('GET', `${idle}/${removed}`)).status).toBe(404);
      }
      expect([200, 404]).toContain((await api('DELETE', `${idle}/${removed}`)).status);
      const ended = await until(
        'the job to be over',
        async () => {
          const { body } = await api('GET', `${working}/${runs}`);
          return body.status === 'stopped' && body;
        },
        25,
      );
      expect(ended.reason).toMatchObject({ code: 'job_completed' });
      expect(job).toMatchObject({ conclusion: 'Succeeded', runs: [{ runnerName: ended.instance_identifier }] });
      await converged();
      expect((await live(idle)).length).toBe(1);
      expect((await live(working)).length).toBe(1);
    },
  );

  test('no job ran twice, and GitHub knows only what is live', { timeout: 60_000 }, async () => {
    expect(github.jobs().map(({ name, runs, conclusion }) => [name, runs.length, conclusion])).toEqual(
      moments.map(({ number }) => [`job ${number}`, 1, 'Succeeded']),
    );
    let names: unknown;
    const expected = [...(await live(idle)), ...(await live(working))].map((one) => one.instance_identifier).toSorted();
    await until(
      'GitHub to forget the others',
      async () => {
        names = github
          .runners()
          .map(({ name }) => name)
          .toSorted();
        return JSON.stringify(names) === JSON.stringify(expected);
      },
      45,
    ).catch(() => undefined);
    expect(names).toEqual(expected);
  });

  test('a second start on the same folder is refused, and says who has it', async () => {
    const second = await tryStart(folder, { ...environment, PORT: '0' });

    expect(second).toMatchObject({ code: 1, said: expect.stringContaining(`process ${mode.pid}, at ${mode.url}`) });
    expect((await api('GET', '/common/me')).status).toBe(200);
  });

  test.for([{ port: 'the same port' }, { port: 'another port' }])(
    'containers survive SIGTERM, and are taken up again by a start on $port',
    { timeout: 60_000 },
    async ({ port }) => {
      await Promise.all([online(idle), online(working)]);
      const before = await containersOf(deployment);
      const processes = mode.processes();

      const { code, tookMs } = await mode.stop();

      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(5000);
      await until('its children to be gone', async () => !processes.some(isRunning), 2);
      expect(await containersOf(deployment)).toEqual(before);
      const startedAt = Date.now();
      await restart(port === 'another port' ? { PORT: '0' } : {});
      const all = await until(
        'all to be online again',
        async () => {
          const now = [...(await live(idle)), ...(await live(working))];
          const heard = (one: { status: string; last_heartbeat: string }) =>
            one.status === 'online' && Date.parse(one.last_heartbeat) >= startedAt;
          return now.every(heard) && now;
        },
        15,
      );
      expect(all.map((one: { instance_identifier: string }) => one.instance_identifier).toSorted()).toEqual(
        before.map(({ name }) => name).toSorted(),
      );
      await converged();
      expect((await containersOf(deployment)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    },
  );
});

/** Is it there, and has not ended? What has ended without a parent is there until the machine's first process takes note. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}
