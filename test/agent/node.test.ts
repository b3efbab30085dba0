import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doorPath } from '#agent/door.ts';
import { fetchText } from '#agent/http.ts';
import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage, runnerImage } from '#local/demo/images.ts';
import { expectNoStrays } from './aftermath.ts';
import { startEngineProxy } from './call-proxy.ts';
import { type Control, type Row, startControl } from './control.ts';
import { engine, eventually, makeMachine, type TestMachine } from './machine.ts';
import { registering } from './registering.ts';

let github: Github;
let control: Control;
let machine: TestMachine;
const node = `test-node-${randomUUID().slice(0, 8)}`;
let tokenOf: (uid: string) => string;

beforeAll(async () => {
  await makeDemoImages();
  github = await startGithub({ host: '0.0.0.0' });
  control = await startControl();
  const starts = registering(github);
  ({ tokenOf } = starts);
  control.settings.credential = starts.credential;
  machine = makeMachine(control.url);
  await machine.enroll(node, control.code(node));
  machine.start();
}, 60_000);

afterAll(async () => {
  await expectNoStrays(machine, control);
  await machine[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
  await github.close();
});

const create = (more: Partial<Desired> = {}, image = runnerImage, of = node) =>
  control.create(of, randomUUID(), image, more);
const reported = (row: Row, state: string) => row.reports.find((seen) => seen.state === state);
const listens = (row: Row) => eventually('it listens', () => reported(row, 'listening'), 30);
const isThere = async (row: Row) => (await engine.findContainer(containerName(row.uid))) !== undefined;
const remove = async (row: Row) => {
  control.remove(row.uid);
  await eventually('it is gone', () => row.gone, 30);
};

test('a container has the limits, labels and network that it is to have, and no secret', async () => {
  const row = create({ limits: { cpus: 0.5, memory_mb: 128, pids: 200 } });
  await listens(row);

  const { text } = await fetchText({
    target: { socket: '/var/run/docker.sock', path: `/containers/${containerName(row.uid)}/json` },
    method: 'GET',
  });

  expect(text).not.toContain(tokenOf(row.uid));
  expect(JSON.parse(text)).toMatchObject({
    Config: {
      Labels: {
        'runner-pilot.deployment': 'test',
        'runner-pilot.organization': 'acme',
        'runner-pilot.node': node,
        'runner-pilot.instance': row.uid,
        'runner-pilot.generation': `${row.desired.generation}`,
      },
    },
    HostConfig: {
      NanoCpus: 500_000_000,
      Memory: 128 * 1024 * 1024,
      PidsLimit: 200,
      RestartPolicy: { Name: 'no' },
      Privileged: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '4' } },
    },
    NetworkSettings: { Networks: { [containerName(row.uid)]: { IPPrefixLen: 28 } } },
  });
  await eventually('the credential’s folder is gone', () => !existsSync(join(machine.folder, 'run', 'input', row.uid)));
  await remove(row);
  expect((await engine.listNetworks()).some(({ Name }) => Name === containerName(row.uid))).toBe(false);
}, 60_000);

test('a beat tells the figures of what runs, as soon as it listens', async () => {
  const row = create();
  await listens(row);

  const beat = await eventually('a beat has it', () =>
    control
      .raw(`acme/node/${node}`)
      .flatMap(({ message }) => JSON.parse(message).instances)
      .find(({ uid }) => uid === row.uid),
  );

  for (const figure of ['cpu', 'memory', 'disk']) {
    expect(beat[figure]).toBeGreaterThanOrEqual(0);
    expect(beat[figure]).toBeLessThanOrEqual(100);
  }
  await remove(row);
}, 60_000);

test('a plain image’s runner is not root, though the image is', async () => {
  control.settings.runner = {
    version: github.distUrl.includes('{version}') ? '2.335.0' : '',
    urls: { x64: github.distUrl.replaceAll('{version}', '2.335.0').replaceAll('{arch}', 'x64') },
    sha256: { x64: github.distSha256('x64') },
  };
  const row = create({ runner_source: 'mount' }, plainImage);
  await listens(row);

  github.queueJob({ repository: 'acme/web', name: 'who', labels: [row.uid], steps: [{ run: 'echo "I am $(id -u)"' }] });
  await eventually('it says who it is', () => control.log(row.uid).some(({ message }) => message === 'I am 1001'), 30);

  expect(
    control
      .log(row.uid)
      .filter(({ level }) => level === 'WARN')
      .map(({ message }) => message),
  ).toEqual(expect.arrayContaining([expect.stringContaining('There is no git in this image')]));
  await remove(row);
}, 60_000);

test('an expired token ends the instance, and the reason says so', async () => {
  const row = create();
  github.expireToken(tokenOf(row.uid));

  await eventually('it is gone', () => row.gone, 30);

  expect(reported(row, 'listening')).toBeUndefined();
  expect(reported(row, 'exited')).toMatchObject({ exit_code: 1, reason: { code: 'token_refused' } });
}, 60_000);

test('an image that can not be pulled is refused, and may be tried again', async () => {
  // Nobody listens there.
  const row = create({}, '127.0.0.1:1/nobody/nothing:1');

  const refused = await eventually('it is refused', () => reported(row, 'refused'), 30);

  expect(refused).toMatchObject({ retryable: true, reason: { code: 'image_pull_failed' } });
  expect(row.claims).toBe(0);
  await remove(row);
}, 60_000);

test('what asks for more than the engine has is refused for good, and nothing is left', async () => {
  const row = create({ limits: { cpus: 5000, memory_mb: null, pids: null } });

  const refused = await eventually('it is refused', () => reported(row, 'refused'), 30);

  expect(refused).toMatchObject({ retryable: false, reason: { code: 'container_refused' } });
  await remove(row);
  expect(await isThere(row)).toBe(false);
}, 60_000);

test('a container that somebody removes is reported as gone, and not started again', async () => {
  const row = create();
  await listens(row);
  const container = await engine.findContainer(containerName(row.uid));
  await engine.removeContainer(container?.Id ?? '', true);

  await eventually('that is told', () => reported(row, 'gone') && row.gone, 30);

  expect(row.claims).toBe(1);
  expect(await isThere(row)).toBe(false);
}, 60_000);

test('a container that nobody lists goes after two syncs, but not while reaping is off', async () => {
  control.settings.reap = false;
  const row = create();
  await listens(row);
  control.rows.delete(row.uid);

  const before = control.syncs.length;
  await eventually('five syncs', () => control.syncs.length >= before + 5, 30);
  expect(await isThere(row)).toBe(true);
  control.settings.reap = true;
  await eventually('it goes', async () => !(await isThere(row)), 30);

  const told = await eventually('that is told', () =>
    control.syncs.flatMap(({ body }) => body.observed).find(({ uid, state }) => uid === row.uid && state === 'gone'),
  );
  expect(told.generation).toBe(0);
}, 60_000);

test('while the control plane is away what runs goes on, and afterwards all is told', async () => {
  const row = create();
  await listens(row);
  await control.away();
  const job = github.queueJob({ repository: 'acme/web', name: 'alone', labels: [row.uid], steps: [{ print: 1 }] });
  await eventually('the job is done', () => github.jobs().find(({ id }) => id === job.id)?.status === 'completed', 30);
  await control.back();

  await eventually('it is told', () => reported(row, 'busy'), 60);
  expect(row.claims).toBe(1);
  await remove(row);
}, 120_000);

test('the door is closed to others; a ring is a sync at once', async () => {
  const socket = doorPath(join(machine.folder, 'run'));
  control.settings.pollSeconds = 60;
  const before = control.syncs.length;
  await eventually('the long poll has begun', () => control.syncs.length > before, 10);
  const now = control.syncs.length;

  const rung = await fetchText({ target: { socket, path: '/sync' }, method: 'POST' });

  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(JSON.parse(rung.text)).toEqual({ rung: 1 });
  await eventually('it syncs', () => control.syncs.length > now, 5);
  control.settings.pollSeconds = 1;
  await fetchText({ target: { socket, path: '/sync' }, method: 'POST' });
});

test('a second agent with the same state says so, and ends', async () => {
  await expect(machine.command()).rejects.toMatchObject({
    code: 3,
    stderr: expect.stringContaining('Another agent runs'),
  });
});

test('a machine can be the node of several organizations; what is deleted is cleared and forgotten', async () => {
  const other = `test-node-${randomUUID().slice(0, 8)}`;
  await machine.enroll(other, control.code(other));
  const [mine, theirs] = [create(), create({}, runnerImage, other)];
  await Promise.all([listens(mine), listens(theirs)]);

  control.rows.delete(theirs.uid);
  control.settings.retired.add(other);
  await eventually('theirs is removed', async () => !(await isThere(theirs)), 30);
  await eventually('the node is forgotten', async () => !(await machine.command('status')).includes(other), 10);

  expect(await isThere(mine)).toBe(true);
  await remove(mine);
}, 90_000);

test('an agent whose parent ends, ends, and leaves its containers running', async () => {
  const row = create();
  await listens(row);
  await machine.kill('SIGTERM');
  const child = machine.start({ RUNNER_PILOT_AGENT_PARENT_PIPE: '1' });
  await eventually('it serves', () => existsSync(doorPath(join(machine.folder, 'run'))));

  child.stdin?.end();
  await eventually('it has ended', () => child.exitCode !== null);

  expect(child.exitCode).toBe(0);
  expect(await isThere(row)).toBe(true);
  machine.start();
  await remove(row);
}, 60_000);

test('an engine that goes is told within seconds, and what runs is found again', async () => {
  const lone = makeMachine(control.url);
  const own = `test-node-${randomUUID().slice(0, 8)}`;
  await using stack = new AsyncDisposableStack();
  stack.use(lone);
  await lone.enroll(own, control.code(own));
  const socket = join(lone.folder, 'engine.sock');
  const proxy = await startEngineProxy(socket, () => 'go on');
  lone.start({ DOCKER_HOST: proxy.dockerHost });
  const running = create({}, runnerImage, own);
  await listens(running);
  const lastSync = () => control.syncs.findLast(({ node: of }) => of === own)?.body;

  await proxy[Symbol.asyncDispose]();
  await eventually('it is told', () => lastSync()?.engine?.available === false, 10);
  const waiting = create({}, runnerImage, own);
  const refused = await eventually('a start is refused', () => reported(waiting, 'refused'), 15);
  await using _again = await startEngineProxy(socket, () => 'go on');
  await listens(waiting);

  expect(refused).toMatchObject({ retryable: true, reason: { code: 'engine_unavailable' } });
  expect(running.reports.some(({ state }) => state === 'exited' || state === 'gone')).toBe(false);
  await Promise.all([remove(running), remove(waiting)]);
}, 120_000);

test('no request has broken the contract, and nothing is left', async () => {
  await eventually('all containers are gone', async () => (await machine.containers()).length === 0);

  expect(control.breaches).toEqual([]);
  expect(readdirSync(join(machine.folder, 'run', 'input'))).toEqual([]);
});
