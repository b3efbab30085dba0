import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import type { Github } from '#local/demo/github.ts';
import { plainImage } from '#local/demo/images.ts';
import type { Cloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithMachine, type SecondMachine } from '../machine.ts';
import { tableRows } from '../table-rows.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { until } from './http.ts';
import { ask, canary, type Owner, repository } from './tenant.ts';

describeWithMachine('a machine elsewhere, behind NAT', () => {
  let elsewhere: Elsewhere;
  let machine: SecondMachine;
  let github: Github;
  let cloud: Cloud;
  let api: Owner['api'];
  let node: string;
  let instances: string;
  let before: string[];
  let startScript: string;

  beforeAll(async () => {
    elsewhere = await startElsewhere();
    ({ machine, github, cloud, api } = elsewhere);
    before = await machine.installed();
  });

  afterAll(async () => {
    try {
      if (elsewhere) await expectNothingWrong(cloud, { engines: [machine.socket()] });
    } finally {
      await elsewhere?.[Symbol.asyncDispose]();
    }
  });

  const isShown = (uid: string, status: string, seconds = 20) =>
    elsewhere.isShown(`${instances}/${uid}`, status, seconds);
  const get = (uid: string) => ask(api, 'GET', `${instances}/${uid}`);
  const create = async (): Promise<string> => {
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
    await isShown(uid, 'online');
    return uid;
  };
  const connected = (connection: string, seconds = 40) => elsewhere.connected(node, connection, seconds);
  const messages = async (uid: string): Promise<string[]> =>
    (await ask(api, 'GET', `${instances}/${uid}/logs?limit=1000`)).map((line: { message: string }) => line.message);
  const containers = async () => (await elsewhere.containers()).map(({ name, state }) => `${name} ${state}`);
  const networks = async (): Promise<string[]> => {
    const { body } = await callEngine(machine.socket(), 'GET', '/networks');
    return JSON.parse(body.toString('utf8'))
      .map(({ Name }: { Name: string }) => Name)
      .toSorted();
  };

  const agentPid = 'cat /run/runner-pilot/agent.pid';
  const installer = (options: string) => `curl -fsSL ${cloud.url}/agent/install.sh | sudo sh -s -- ${options}`;

  const attach = async (name: string) => {
    const { command, ...made } = await elsewhere.attach(name);
    ({ node, startScript } = made);
    expect(command).toMatch(/ --allow-http$/);
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
