import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage, runnerImage } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import order from '../contract/order.json' with { type: 'json' };
import { describeWithEngine } from '../engine.ts';
import { type Caller, caller, until } from './http.ts';

const run = promisify(execFile);
const docker = async (...args: string[]) => (await run('docker', args)).stdout.trim();

/** The answer of the order to a request: what ours must have all of. */
const ordered = (method: string, path: string): unknown => {
  const found = order.find((one) => one.method === method && one.path === path);
  if (!found) throw new Error(`The order has no ${method} ${path}.`);
  return found.reply;
};

/** The shape of a value: the same members, each of the same kind. */
function shapeOf(
  value: unknown,
  nullable: readonly string[] = ['last_heartbeat', 'ip_address', 'port'],
  name = '',
): unknown {
  if (nullable.includes(name)) return expect.toSatisfy((x) => x === null || typeof x === typeof value);
  if (Array.isArray(value)) return value.length === 0 ? [] : expect.arrayContaining([shapeOf(value[0])]);
  if (typeof value === 'object' && value !== null) {
    return expect.objectContaining(
      Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, nullable, key)])),
    );
  }
  return expect.any((value as object).constructor as new () => unknown);
}

describeWithEngine.each([
  ['a plain image, with the runner mounted', plainImage],
  ['an image with the runner inside', runnerImage],
])('the order, from top to bottom, with %s', (_, image) => {
  const secret = 'ghp_canaryCanaryCanaryCanaryCanary0001';
  let folder: string;
  let github: Github;
  let cloud: Cloud;
  let api: Caller;
  // biome-ignore lint/suspicious/noExplicitAny: a journey looks at whatever came back
  let asked: (method: string, path: string, at?: string, body?: unknown) => Promise<any>;

  beforeAll(async () => {
    await makeDemoImages();
    folder = await mkdtemp(join(tmpdir(), 'rp-journey-'));
    github = await startGithub({ host: '0.0.0.0' });
    cloud = await startCloud({
      dataDir: folder,
      env: {
        ...github.settings,
      },
    });
    api = caller(cloud.url);
    asked = async (method, path, at = path, body?) => {
      const answer = await api(method, at, body);
      expect([answer.status, answer.body]).toEqual([200, shapeOf(ordered(method, path))]);
      return answer.body;
    };
  });

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud);
    } finally {
      await cloud?.close();
      await github?.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  const ids = { node: '', runner: '', instance: '', container: '' };
  const instances = '/org/{org_id}/runners/{runner_id}/instance';
  const instance = `${instances}/{instance_id}`;
  const at = (path: string) =>
    path
      .replace('{org_id}', 'GT')
      .replace('{node_id}', ids.node)
      .replace('{runner_id}', ids.runner)
      .replace('{instance_id}', ids.instance);

  test('users: register, log in, onboard, me', async () => {
    await asked('POST', '/auth/register', undefined, {
      full_name: 'John Doe',
      email: 'john@example.com',
      password: 'strongpassword',
    });
    const login = { email: 'john@example.com', password: 'strongpassword' };
    const { access_token } = await asked('POST', '/auth/login', undefined, login);
    api = api.as(access_token);
    const { organization } = await asked('POST', '/onboarding', undefined, {
      organization: { name: 'Gigatech', short_name: 'GT', type: 'personal' },
    });
    expect(organization).toMatchObject({ name: 'Gigatech', short_name: 'GT', type: 'personal' });
    const me = await asked('GET', '/common/me');
    expect(me.organizations).toMatchObject([{ short_name: 'GT', name: 'Gigatech' }]);
  });

  test('organizations: create, get, list, change', async () => {
    await asked('POST', '/org', undefined, { name: 'NextTech', short_name: 'NT', type: 'organization' });
    await asked('GET', '/org/{org_id}', '/org/GT');
    expect((await asked('GET', '/org')).map((one: { short_name: string }) => one.short_name).toSorted()).toEqual([
      'GT',
      'NT',
    ]);
    const changed = await asked('PUT', '/org/{org_id}', '/org/GT', { name: 'Gigatech Updated' });
    expect(changed).toMatchObject({ name: 'Gigatech Updated', short_name: 'GT', type: 'personal' });
  });

  test('nodes: create, list, get, change, delete', async () => {
    const path = '/org/{org_id}/nodes';
    const remote = { name: 'Node-00', type: 'Remote', ip_address: '192.168.1.10', port: 22 };
    ids.node = (await asked('POST', path, at(path), remote)).uid;
    await asked('GET', `${path}/{node_id}`, at(`${path}/{node_id}`));
    await asked('PUT', `${path}/{node_id}`, at(`${path}/{node_id}`), { name: 'Node-00-Updated', status: 'inactive' });
    await asked('DELETE', `${path}/{node_id}`, at(`${path}/{node_id}`));
    expect((await api('GET', at(`${path}/{node_id}`))).status).toBe(404);

    const socket = await api('POST', at(path), { name: 'Node-01', type: 'Socket' });
    expect(socket).toMatchObject({ status: 200, body: { status: 'active' } });
    ids.node = socket.body.uid;
    await asked('GET', path, at(path));
    await until('the node to be online', async () => {
      const { body } = await api('GET', at(`${path}/{node_id}`));
      return body.connection === 'online' && body.facts?.engine && body;
    });
  });

  test('runners: create, list, get, change', async () => {
    const path = '/org/{org_id}/runners';
    const draft = {
      name: 'Runner-01',
      docker_image: image,
      github_repo: 'Gigatech/my-repo',
      github_runner_token: secret,
    };
    ids.runner = (await asked('POST', path, at(path), draft)).uid;
    await asked('GET', path, at(path));
    await asked('GET', `${path}/{runner_id}`, at(`${path}/{runner_id}`));
    const edit = { name: 'Runner-01-Updated', github_runner_token: secret };
    await asked('PUT', `${path}/{runner_id}`, at(`${path}/{runner_id}`), edit);
  });

  test('an instance is created, and the answer says online', async () => {
    const created = await asked('POST', instances, at(instances), { node_id: ids.node });
    ids.instance = created.uid;
    ids.container = created.instance_identifier;

    expect(created).toMatchObject({
      status: 'online',
      runner: { uid: ids.runner },
      node: { uid: ids.node, name: 'Node-01' },
    });
    expect(await docker('ps', '--filter', `name=${ids.container}`, '--format', '{{.Names}}')).toBe(ids.container);
    await asked('GET', instances, at(instances));
    await asked('GET', instance, at(instance));
    expect(github.runners().map(({ name }) => name)).toContain(ids.container);
  });

  test('its processor under load is what the engine says', async () => {
    const metrics = at(`${instance}/metrics`);
    await until('the first sample', async () => (await api('GET', metrics)).status === 200, 20);
    github.queueJob({ repository: 'Gigatech/my-repo', name: 'load', steps: [{ burnSeconds: 25 }] });
    await until('the job to run', async () => (await api('GET', at(instance))).body.status === 'busy');
    const running = await api('GET', at(instance));
    expect(running.body.job).toMatchObject({ name: 'load' });
    expect((await api('GET', at('/org/{org_id}/runners/{runner_id}'))).body.status).toBe('active');

    const cpus = Number(await docker('info', '--format', '{{.NCPU}}'));
    let difference = Number.POSITIVE_INFINITY;
    await until(
      'both to agree within five points',
      async () => {
        const stats = await docker('stats', '--no-stream', '--format', '{{.CPUPerc}}', ids.container);
        const sample = await asked('GET', `${instance}/metrics`, metrics);
        difference = Math.abs(sample.cpu_usage - Number.parseFloat(stats) / cpus);
        return sample.cpu_usage > 5 && difference < 5;
      },
      22,
    );
    expect(difference).toBeLessThan(5);
  }, 60_000);

  test('it ends with its job, and says so; its lines are there, in order', async () => {
    const ended = await until(
      'the end',
      async () => {
        const { body } = await api('GET', at(instance));
        return body.status === 'stopped' && body;
      },
      40,
    );
    expect(ended.reason).toMatchObject({ code: expect.any(String), detail: expect.stringMatching(/\w+ \w+/) });

    const lines = await until('its last line', async () => {
      const { body } = await api('GET', `${at(`${instance}/logs`)}?limit=1000`);
      return body.some((line: { message: string }) => line.message.includes('completed with result')) && body;
    });
    expect(lines).toEqual(shapeOf(ordered('GET', `${instance}/logs`)));
    const messages = lines.map((line: { message: string }) => line.message);
    const stations = ['Connected to GitHub', 'Listening for Jobs', 'Running job: load', 'Job load completed'];
    const found = stations.map((station) => messages.findIndex((message: string) => message.includes(station)));
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    expect(found).not.toContain(-1);
  }, 60_000);

  test('another one is deleted, and its container and its runner at GitHub are gone', async () => {
    const created = await asked('POST', instances, at(instances), { node_id: ids.node });
    ids.instance = created.uid;
    expect(created.status).toBe('online');

    await asked('DELETE', instance, at(instance));

    expect((await api('GET', at(instance))).status).toBe(404);
    await until(
      'the container to be gone',
      async () =>
        (await docker('ps', '-a', '--filter', `name=${created.instance_identifier}`, '--format', '{{.Names}}')) === '',
    );
    expect(github.runners().map(({ name }) => name)).not.toContain(created.instance_identifier);
  }, 40_000);

  test('the credential is nowhere but in the answers to those who may see it', async () => {
    const created = await asked('POST', instances, at(instances), { node_id: ids.node });
    ids.instance = created.uid;
    const inspected = await docker('inspect', created.instance_identifier);
    const logged = await docker('logs', created.instance_identifier);
    const lines = JSON.stringify((await api('GET', `${at(`${instance}/logs`)}?limit=1000`)).body);
    expect(inspected + logged + lines).not.toContain(secret);
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      expect([file.name, (await readFile(join(file.parentPath, file.name))).includes(secret)]).toEqual([
        file.name,
        false,
      ]);
    }
    const processes = await run(
      'sh',
      ['-c', `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'`],
      {
        maxBuffer: 1 << 26,
      },
    );
    expect(processes.stdout).not.toContain(secret);
  }, 40_000);

  test('a runner and a node are deleted with all they have', async () => {
    expect(await api('DELETE', at('/org/{org_id}/runners/{runner_id}'))).toMatchObject({
      status: 409,
      body: { code: 'runner.has-instances', detail: expect.stringContaining(ids.instance) },
    });
    await asked('DELETE', instance, at(instance));
    await until('the instance to be gone', async () => {
      const { status } = await api('DELETE', at('/org/{org_id}/runners/{runner_id}'));
      return status === 200;
    });
    expect((await api('GET', at('/org/{org_id}/runners/{runner_id}'))).status).toBe(404);
    await asked('DELETE', '/org/{org_id}/nodes/{node_id}', at('/org/{org_id}/nodes/{node_id}'));
  }, 40_000);
});
