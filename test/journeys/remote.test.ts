import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { tableRows } from '../table-rows.ts';
import { until } from './http.ts';
import { freePort } from './local-mode.ts';
import { ask, canary, type Owner, repository, signUp } from './tenant.ts';

describeWithMachine('a machine elsewhere, behind NAT', () => {
  let folder: string;
  let machine: SecondMachine;
  let github: Github;
  let cloud: Cloud;
  let api: Owner['api'];
  let node: string;
  let instances: string;
  let before: string[];
  /** What an installer without a systemd says has to run. */
  let startScript: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rp-remote-'));
    machine = await makeMachine();
    const [{ path }] = await Promise.all([buildAgent(join(folder, 'agent-files')), machine.boot()]);
    await makeDemoImages(machine.socket());
    before = await machine.installed();
    github = await startGithub({ host: machine.hostAddress });
    const port = await freePort();
    cloud = await startCloud({
      dataDir: join(folder, 'data'),
      host: machine.hostAddress,
      port,
      agent: false,
      env: {
        RUNNER_PILOT_PUBLIC_URL: `http://${machine.hostAddress}:${port}`,
        RUNNER_PILOT_ALLOW_HTTP: '1',
        RUNNER_PILOT_AGENT_FOLDER: join(path, '..'),
        RUNNER_PILOT_POLL_SECONDS: '1',
        ...github.settings,
      },
    });
    ({ api } = await signUp(cloud.url));
  });

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud, { engines: [machine.socket()] });
    } finally {
      await cloud?.close();
      await github?.close();
      await machine?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }
  });

  const get = (uid: string) => ask(api, 'GET', `${instances}/${uid}`);
  const isShown = (uid: string, status: string, seconds = 20) =>
    until(
      `${uid} to be ${status}`,
      async () => {
        const body = await get(uid);
        return body.status === status && body;
      },
      seconds,
    );
  const create = async (): Promise<string> => {
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
    await isShown(uid, 'online');
    return uid;
  };
  const connected = (connection: string, seconds = 40) =>
    until(
      `the node to be ${connection}`,
      async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).connection === connection,
      seconds,
    );
  const messages = async (uid: string): Promise<string[]> =>
    (await ask(api, 'GET', `${instances}/${uid}/logs?limit=1000`)).map((line: { message: string }) => line.message);
  const containers = async (): Promise<string[]> => {
    const { body } = await callEngine(machine.socket(), 'GET', '/containers/json?all=true');
    return JSON.parse(body.toString('utf8')).map(
      ({ Names, State }: { Names: string[]; State: string }) => `${Names[0]?.slice(1)} ${State}`,
    );
  };
  const networks = async (): Promise<string[]> => {
    const { body } = await callEngine(machine.socket(), 'GET', '/networks');
    return JSON.parse(body.toString('utf8'))
      .map(({ Name }: { Name: string }) => Name)
      .toSorted();
  };

  const agentPid = 'cat /run/runner-pilot/agent.pid';
  const installer = (options: string) => `curl -fsSL ${cloud.url}/agent/install.sh | sudo sh -s -- ${options}`;

  /** Attaches the machine by the very line that the API prints, and starts what the installer says. */
  const attach = async (name: string) => {
    const { uid, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name, type: 'Remote' });
    node = uid;
    const said = await machine.run(enrollment.command);
    expect(enrollment.command).toMatch(/ --allow-http$/);
    startScript = / again when it ends: (.+)$/.exec(said)?.[1] ?? `nothing, but "${said}"`;
    await machine.start(startScript);
    await connected('online');
  };

  test('plain http that leaves this machine is refused unless it is allowed', async () => {
    const refused = machine.run(installer(`--url ${cloud.url} --code rpe_none`));

    await expect(refused).rejects.toThrow(/is not https: whoever listens could take over this node. --allow-http/);
    expect(await machine.installed()).toEqual(before);
  });

  test('the printed line makes it a node', async () => {
    await attach('Far');

    const { facts, type } = await ask(api, 'GET', `/org/GT/nodes/${node}`);

    expect(type).toBe('Remote');
    expect(facts).toMatchObject({ architecture: expect.any(String), cpus: expect.any(Number) });
    expect(facts.engine.version).toMatch(/^\d+\.\d+/);
    expect(startScript).toBe('sh /usr/local/lib/runner-pilot/start');
  }, 60_000);

  test('an instance listens there, runs a job, and its lines and figures arrive', async () => {
    const runner = { name: 'Remote', docker_image: plainImage, github_repo: repository, github_runner_token: canary };
    instances = `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    const uid = await create();
    const job = github.queueJob({ repository, name: 'first', steps: [{ print: 5 }, { wait: 'release' }] });

    await isShown(uid, 'busy');
    const figures = await until('the figures', async () => {
      const { status, body } = await api('GET', `${instances}/${uid}/metrics`);
      return status === 200 && body;
    });
    github.releaseJob(job.id);
    const ended = await isShown(uid, 'stopped');

    expect(figures).toMatchObject({ cpu_usage: expect.any(Number), memory_usage: expect.any(Number) });
    expect(ended.reason).toMatchObject({ code: 'job_completed' });
    await until('its last line', async () => (await messages(uid)).some((line) => / completed with result/.test(line)));
    expect((await messages(uid)).filter((line) => /^line \d/.test(line))).toEqual(
      [1, 2, 3, 4, 5].map((n) => `line ${n}`),
    );
    expect(await machine.dialed()).toBe(0);
  }, 60_000);

  test('without its network it is shown offline, goes on with its job, and afterwards all is true again', async () => {
    const uid = await create();
    const steps = [{ print: 2 }, { sleepSeconds: 6 }, { run: 'for i in 1 2 3; do echo "in the dark $i"; done' }];
    const job = github.queueJob({ repository, name: 'cut off', steps });
    await isShown(uid, 'busy');

    await machine.cut();
    await silentFor();
    const offline = await isShown(uid, 'offline', 80);
    expect(offline.reason).toMatchObject({
      code: 'node_unreachable',
      detail: expect.stringMatching(/Far has been silent since/),
    });
    await until('the job to end in the dark', () =>
      machine.run(`docker logs ${offline.instance_identifier}`).then((said) => said.includes('dark 3')),
    );
    expect(await containers()).toEqual([`${offline.instance_identifier} running`]);
    await cloud.sweep();
    expect((await get(uid)).status).toBe('offline');
    await machine.mend();

    const ended = await isShown(uid, 'stopped', 40);
    expect(ended.reason).toMatchObject({ code: 'job_completed' });
    await connected('online');
    expect(job).toMatchObject({ conclusion: 'Succeeded', runs: [{ runnerName: ended.instance_identifier }] });
    await until('its last line', async () => (await messages(uid)).some((line) => / completed with result/.test(line)));
    expect((await messages(uid)).filter((line) => / dark /.test(line))).toEqual(
      [1, 2, 3].map((n) => `in the dark ${n}`),
    );
  }, 120_000);

  test('a reboot in mid-job ends it, and says so with the job', async () => {
    const [uid, bootId] = [await create(), machine.bootId()];
    github.queueJob({ repository, name: 'long', steps: [{ print: 1 }, { sleepSeconds: 600 }] });
    await isShown(uid, 'busy');

    await machine.powerOff();
    await machine.boot();
    await machine.start(startScript);

    const ended = await isShown(uid, 'stopped', 40);
    expect(machine.bootId()).not.toBe(bootId);
    expect(ended.reason).toMatchObject({ code: 'node_rebooted', detail: expect.stringContaining('"long"') });
    expect(await get(await create())).toMatchObject({ status: 'online' });
  }, 90_000);

  test('deleted, it removes its containers and forgets that it was a node', async () => {
    expect(await containers()).toHaveLength(1);

    await ask(api, 'DELETE', `/org/GT/nodes/${node}?force=true`);

    await until('its containers to be gone', async () => (await containers()).length === 0, 30);
    await until('its agent to forget it', () =>
      machine.run(`cat /var/lib/runner-pilot/agent.json`).then((state) => JSON.parse(state).nodes.length === 0),
    );
    expect(await networks()).toEqual(['bridge', 'host', 'none']);
  }, 60_000);

  test('installed again, in the foreground: another agent takes over, and what runs goes on', async () => {
    await attach('Far again');
    await create();
    const [agent, running] = [await machine.run(agentPid), await containers()];

    await machine.start(`sh -c '${installer(`--url ${cloud.url} --allow-http --foreground`)}'`);

    const next = await until('the other agent', async () => {
      const pid = await machine.run(agentPid);
      return pid !== agent && (await machine.run(`readlink /proc/${pid}/exe`)) === '/usr/local/bin/node' && pid;
    });
    expect(await machine.run(`ps -e -o pid,args | awk '/[a]gent[.]mjs/ { print $1 }'`)).toBe(next);
    await create();
    expect(await containers()).toEqual(expect.arrayContaining(running));
  }, 60_000);

  test('--uninstall removes what runs there, and leaves nothing', async () => {
    expect(await containers()).toHaveLength(2);
    expect(await machine.installed()).not.toEqual(before);

    await machine.run(installer('--uninstall'));

    expect(await containers()).toEqual([]);
    expect(await networks()).toEqual(['bridge', 'host', 'none']);
    expect(await machine.installed()).toEqual(before);
    expect(await machine.run('ps -e -o args')).not.toContain('agent.mjs');
    expect(await machine.dialed()).toBe(0);
    await expect(fetch(`http://${machine.address}`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    expect(await machine.dialed()).toBeGreaterThan(0);
  }, 60_000);

  /** Silence of 63 s makes a node that syncs each second unreachable. The whole run waits; the sample moves the last sync back. */
  async function silentFor(): Promise<void> {
    if (process.env.RUNNER_PILOT_TEST_ALL === '1') return;
    const row = (await tableRows(cloud)).find(({ sk }) => sk === `ROSTER#${node}`);
    if (row === undefined || typeof row.seen_at !== 'number') throw new Error(`There is no last sync of ${node}.`);
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: cloud.dynamoDbEndpoint }));
    await client.send(
      new UpdateCommand({
        TableName: cloud.tableName,
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: 'SET seen_at = :at',
        ExpressionAttributeValues: { ':at': row.seen_at - 60_000 },
      }),
    );
    client.destroy();
  }
});
