import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operations } from '#contract/operations.ts';
import { reachable, type Service } from '#runtime/service.ts';
import { type Cloud, type CloudOptions, startCloud } from '#test/cloud.ts';
import { temporaryFolder, until } from './folder.fixture.ts';

const quiet: CloudOptions = { agent: false, sweepSeconds: 0 };
const john = { full_name: 'John Doe', email: 'john@example.com', password: 'strongpassword' };

async function call(cloud: Cloud, method: string, path: string, body?: unknown, token?: string) {
  const response = await fetch(`${cloud.url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const logIn = async (cloud: Cloud) =>
  (await call(cloud, 'POST', '/auth/login', { email: john.email, password: john.password })).body.access_token;

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('everything outlives a restart: users, organizations, and the tokens they have', async () => {
  using folder = temporaryFolder();
  const options = { ...quiet, dataDir: folder.path };
  const organization = { name: 'Gigatech', short_name: 'GT', type: 'personal' };

  const before = await startCloud(options);
  await call(before, 'POST', '/auth/register', john);
  const token = await logIn(before);
  await call(before, 'POST', '/onboarding', { organization }, token);
  await before.close();
  await using after = await startCloud(options);

  expect(await call(after, 'GET', '/common/me', undefined, token)).toMatchObject({
    status: 200,
    body: { email: john.email, organizations: [{ short_name: 'GT' }] },
  });
  expect(await logIn(after)).toEqual(expect.any(String));
});

test('all files are for their owner only', async () => {
  using folder = temporaryFolder();
  await using cloud = await startCloud({ ...quiet, dataDir: folder.path });
  await call(cloud, 'POST', '/auth/register', john);

  const open = filesOf(folder.path).filter((path) => (statSync(path).mode & 0o077) !== 0);

  expect(open).toEqual([]);
});

test('a node that is this machine enrolls by itself, though the agent starts only later', async () => {
  using folder = temporaryFolder();
  const before = await startCloud({ ...quiet, dataDir: folder.path });
  await call(before, 'POST', '/auth/register', john);
  const token = await logIn(before);
  await call(before, 'POST', '/onboarding', { organization: { name: 'G', short_name: 'GT', type: 'personal' } }, token);
  const node = await call(before, 'POST', '/org/GT/nodes', { name: 'Node-01', type: 'Socket' }, token);
  expect(node).toMatchObject({ status: 200, body: { connection: 'pending' } });
  expect(readdirSync(join(folder.path, 'enrollments'))).toEqual([`${node.body.uid}.json`]);
  await before.close();

  await using after = await startCloud({
    dataDir: folder.path,
    env: { RUNNER_PILOT_AGENT_RUN: join(folder.path, 'run') },
  });
  const path = `/org/GT/nodes/${node.body.uid}`;
  await until('the node is online', async () => {
    return (await call(after, 'GET', path, undefined, token)).body.connection === 'online';
  });

  await until('the code is gone', () => readdirSync(join(folder.path, 'enrollments')).length === 0);
}, 60_000);

test('a failed start leaves nothing behind: no lock, no engine, no variables', async () => {
  using folder = temporaryFolder();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

  await expect(startCloud({ ...quiet, dataDir: folder.path, port })).rejects.toThrow('EADDRINUSE');

  taken.close();
  expect(readdirSync(join(folder.path, 'dynamodb'))).not.toContain('dynoxide.pid');
  expect(process.env.RUNNER_PILOT_TABLE).toBe(undefined);
  await using cloud = await startCloud({ ...quiet, dataDir: folder.path, port });
  expect(cloud.port).toBe(port);
});

test('closing puts the environment back as it was', async () => {
  const before = { ...process.env };

  const cloud = await startCloud({ ...quiet, env: { RUNNER_PILOT_WAIT_SECONDS: '0' } });
  expect(process.env).toMatchObject({ RUNNER_PILOT_WAIT_SECONDS: '0', AWS_REGION: 'local' });
  await cloud.close();

  expect(process.env).toEqual(before);
});

test('a second cloud in the same process is refused', async () => {
  await using _ = await startCloud(quiet);

  await expect(startCloud(quiet)).rejects.toThrow('There is a cloud in this process already');
});

test('without a Docker engine it starts too, and says what is missing', async () => {
  await using cloud = await startCloud({ ...quiet, env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });

  expect(cloud.engine).toEqual({ host: undefined, problem: expect.stringContaining('ENOENT') });
  expect(await call(cloud, 'GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok', region: 'local' } });
});

test('the agent is started again when it crashes', async () => {
  const said: string[] = [];
  await using cloud = await startCloud({ sweepSeconds: 0, onError: (what) => said.push(what) });
  const first = cloud.agentPid ?? 0;

  process.kill(first, 'SIGKILL');
  await until('another agent runs', () => cloud.agentPid !== undefined && cloud.agentPid !== first);

  expect(said).toEqual([expect.stringContaining('The agent has ended (SIGKILL); starting it again in 0.25 s.')]);
});

for (const [name, env, origin, allowed] of [
  ['by default, any port of localhost', {}, 'http://localhost:5173', true],
  ['by default, any port of 127.0.0.1', {}, 'http://127.0.0.1:8080', true],
  ['by default, no other origin', {}, 'https://console.example.com', false],
  [
    'one that is named',
    { RUNNER_PILOT_CORS_ORIGINS: 'https://a.example.com, https://b.example.com' },
    'https://b.example.com',
    true,
  ],
  ['only those that are named', { RUNNER_PILOT_CORS_ORIGINS: 'https://a.example.com' }, 'http://localhost:5173', false],
] as const) {
  test(`pages of these origins may call: ${name}`, async () => {
    await using cloud = await startCloud({ ...quiet, env });

    const { headers } = await fetch(`${cloud.url}/health`, { headers: { origin } });

    expect(headers.get('access-control-allow-origin')).toBe(allowed ? origin : null);
  });
}

test('every function finds all that its services read', async () => {
  await using _ = await startCloud(quiet);
  const ids = [...operations.map(({ id }) => id), 'system.fallback', 'sweep.run'];

  for (const id of ids) {
    const path = new URL(`../../functions/${id.replace('.', '/')}.ts`, import.meta.url).href;
    const { handler } = (await import(path)) as { handler: { declares?: { services: readonly Service<unknown>[] } } };
    for (const { id: service, config } of reachable(handler.declares?.services ?? [])) {
      const given = Object.fromEntries(Object.keys(config.shape).map((name) => [name, process.env[name] || undefined]));
      expect(config.safeParse(given).error, `${id} uses ${service}`).toBe(undefined);
    }
  }
});

test('a sweep can be asked for, and has an end', async () => {
  const errors: string[] = [];
  await using cloud = await startCloud({ ...quiet, onError: (what) => errors.push(what) });

  await Promise.all([cloud.sweep(), cloud.sweep()]);

  expect(errors).toEqual([]);
});

test.each(['TrentService.Sign', 'AmazonSSM.SendCommand', 'Logs_20140328.GetLogEvents'])(
  'nobody calls %s without a signature',
  async (target) => {
    await using cloud = await startCloud(quiet);

    const response = await fetch(cloud.url, { method: 'POST', headers: { 'x-amz-target': target }, body: '{}' });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  },
);
