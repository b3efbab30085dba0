import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainImage, runnerImage } from '#local/demo/images.ts';
import { describeWithMachine } from '../machine.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { until } from './http.ts';
import { ask, canary, repository } from './tenant.ts';

describeWithMachine('a machine is rebooted, and what is to last on it goes on', () => {
  let elsewhere: Elsewhere;
  let startScript: string;
  /** Instances of a runner that the node mounts, and of one that its image brings. */
  let mounted: string;
  let bundled: string;
  const ids = new Map<string, string>();
  let jobs = 0;

  beforeAll(async () => {
    elsewhere = await startElsewhere();
    ({ startScript } = await elsewhere.attach('Far'));
    // A runner that lost its connection comes back as soon as GitHub has noticed.
    elsewhere.github.setSessionConflict({ pauseSeconds: 1, giveUpSeconds: 240 });
    [mounted, bundled] = await Promise.all([persistent('mounted', plainImage), persistent('bundled', runnerImage)]);
    for (const { name, id } of await elsewhere.containers()) ids.set(name, id);
  }, 120_000);

  afterAll(() => elsewhere?.[Symbol.asyncDispose]());

  const create = async (instances: string): Promise<string> => {
    const { uid } = await ask(elsewhere.api, 'POST', instances, {}, { prefer: 'wait=20' });
    await elsewhere.isShown(`${instances}/${uid}`, 'online');
    return `${instances}/${uid}`;
  };
  const persistent = async (name: string, docker_image: string): Promise<string> => {
    const github_runner_token = elsewhere.github.registrationToken(repository);
    const labels = [name];
    return create(
      await elsewhere.makeRunner({ name, docker_image, labels, github_repo: repository, github_runner_token }),
    );
  };
  const events = async (instance: string): Promise<{ code: string; detail: string; data?: { job?: string } }[]> =>
    ask(elsewhere.api, 'GET', `${instance}/events`);
  const codes = async (instance: string) => (await events(instance)).map(({ code }) => code);
  const restarts = async (instance: string) => (await codes(instance)).filter((code) => code === 'restarted').length;

  const reboot = async (whileOff: () => Promise<void> = async () => undefined) => {
    await elsewhere.machine.powerOff();
    await whileOff();
    await elsewhere.machine.boot();
    await elsewhere.machine.start(startScript);
  };
  /** All that is shown of it until it has been restarted so often, and is online. */
  const online = async (instance: string, times: number): Promise<string[]> => {
    const shown = new Set<string>();
    await until(
      `${instance} to be online again`,
      async () => {
        const { status, reason } = await ask(elsewhere.api, 'GET', instance);
        shown.add(status);
        if (status === 'stopped' || status === 'failed') throw new Error(`It has ended: ${JSON.stringify(reason)}`);
        return status === 'online' && (await restarts(instance)) === times;
      },
      60,
    );
    return [...shown].toSorted();
  };
  const runsJob = async (instance: string, label: string) => {
    const job = elsewhere.github.queueJob({
      repository,
      name: `job ${++jobs} of ${label}`,
      labels: [label],
      steps: [{ print: 1 }],
    });
    await until('its end to be told', async () =>
      (await events(instance)).some(({ code, data }) => code === 'job_ended' && data?.job === job.name),
    );
    await elsewhere.isShown(instance, 'online');
    expect(job).toMatchObject({ conclusion: 'Succeeded', runs: [expect.anything()] });
  };
  const sameContainers = async () => {
    for (const { name, id, state } of await elsewhere.containers()) {
      if (ids.has(name)) expect([name, id, state]).toEqual([name, ids.get(name), 'running']);
    }
  };

  test('they listen again, in the containers that they had, and run jobs', async () => {
    await reboot();

    const shown = [await online(mounted, 1), await online(bundled, 1)];

    expect(shown.flat()).toContain('provisioning');
    await sameContainers();
    await runsJob(mounted, 'mounted');
    await runsJob(bundled, 'bundled');
    expect(await codes(mounted)).toEqual(expect.arrayContaining(['node_rebooted', 'restarted']));
    expect(await codes(mounted)).not.toContain('exited');
  }, 120_000);

  test('one that ran a job says so with the job, and one that was to do one job has ended', async () => {
    const ephemeral = await create(
      await elsewhere.makeRunner({
        name: 'Once',
        docker_image: plainImage,
        labels: ['once'],
        github_repo: repository,
        github_runner_token: canary,
      }),
    );
    const steps = [{ sleepSeconds: 600 }];
    const long = elsewhere.github.queueJob({ repository, name: 'long', labels: ['mounted'], steps });
    await elsewhere.isShown(mounted, 'busy');

    await reboot(async () => {
      // GitHub misses a runner with a job only after a minute; one that is back before gets no other job.
      elsewhere.github.setClock(Date.now() + 61_000);
      await until(
        'the job to be lost',
        async () => elsewhere.github.jobs().includes(long) && long.conclusion === 'Lost',
      );
    });

    const ended = await elsewhere.isShown(ephemeral, 'stopped', 60);
    expect(ended.reason).toMatchObject({ code: 'node_rebooted' });
    await online(mounted, 2);
    await online(bundled, 2);
    const told = (await events(mounted)).filter(({ code }) => code === 'node_rebooted');
    expect(told.map(({ data }) => data?.job)).toEqual([undefined, 'long']);
    expect(told.at(-1)?.detail).toBe('Far was restarted while it ran "long".');
    await sameContainers();
    await runsJob(mounted, 'mounted');
  }, 180_000);

  test('they do so too where the engine has lost its networks, as one that was broken by a power loss has', async () => {
    await elsewhere.machine.powerOff();
    await elsewhere.machine.boot();
    await elsewhere.machine.run(`kill -KILL $(pidof dockerd)
      while pidof dockerd; do sleep 0.1; done
      rm /var/lib/docker/network/files/local-kv.db`);
    await elsewhere.machine.startEngine();
    expect(await elsewhere.machine.run('docker network ls -q --filter type=custom')).toBe('');
    await elsewhere.machine.start(startScript);

    await online(mounted, 3);
    await online(bundled, 3);
    await sameContainers();
    await runsJob(mounted, 'mounted');
    await runsJob(bundled, 'bundled');
  }, 120_000);

  test('one that somebody stops is not started again by its node', async () => {
    const { instance_identifier } = await ask(elsewhere.api, 'GET', bundled);

    await elsewhere.machine.run(`docker stop ${instance_identifier}`);

    await elsewhere.isShown(bundled, 'stopped');
    expect(await restarts(bundled)).toBe(3);
    await until('its container to be gone', async () =>
      (await elsewhere.containers()).every(({ name }) => name !== instance_identifier),
    );
  }, 60_000);

  test('one whose container can not be started again ends, and says why', async () => {
    const { instance_identifier } = await ask(elsewhere.api, 'GET', mounted);
    await elsewhere.machine.powerOff();
    await elsewhere.machine.boot();
    await elsewhere.machine.run(`docker rm ${instance_identifier}`);
    await elsewhere.machine.start(startScript);

    const ended = await elsewhere.isShown(mounted, 'stopped', 60);

    expect(ended.reason.code).toBe('vanished');
  }, 90_000);
});
