import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { label } from '#agent/node/labels.ts';
import { containerName } from '#domain/instance.ts';
import { startGithub } from '#local/demo/github.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { startEngineProxy, type Verdict } from './call-proxy.ts';
import { startControl } from './control.ts';
import { engine, eventually, makeMachine } from './machine.ts';
import { registering } from './registering.ts';

test('a container that goes without an event is missed by the next sync', async () => {
  await makeDemoImages();
  await using stack = new AsyncDisposableStack();
  const github = stack.use(await startGithub({ host: '0.0.0.0' }));
  const control = stack.use(await startControl());
  control.settings.credential = registering(github).credential;
  const machine = makeMachine(control.url);
  const deaf = (made: { readonly path: string; readonly when: string }) =>
    made.when === 'after' && /\/events\?/.test(made.path);
  const proxy = stack.use(
    await startEngineProxy(join(machine.folder, 'engine.sock'), (made): Verdict | Promise<Verdict> =>
      deaf(made) ? new Promise<Verdict>(() => undefined) : 'go on',
    ),
  );
  stack.use(machine);
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  await machine.enroll(node, control.code(node));
  const row = control.create(node, randomUUID(), runnerImage);
  machine.start({ DOCKER_HOST: proxy.dockerHost });
  await eventually('it listens', () => row.reports.some(({ state }) => state === 'listening'), 30);

  await engine.removeContainer(containerName(row.uid), true);

  await eventually('it is told to be gone', () => row.reports.some(({ state }) => state === 'gone'), 30);
  expect(row.claims).toBe(1);
}, 90_000);

test('what went while the agent was down is remembered no more', async () => {
  await makeDemoImages();
  await using stack = new AsyncDisposableStack();
  const github = stack.use(await startGithub({ host: '0.0.0.0' }));
  const control = stack.use(await startControl());
  control.settings.credential = registering(github).credential;
  const machine = stack.use(makeMachine(control.url));
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  await machine.enroll(node, control.code(node));
  const row = control.create(node, randomUUID(), runnerImage);
  const remembered = async () => (await readFile(join(machine.folder, 'state/agent.json'), 'utf8')).includes(row.uid);
  machine.start();
  await eventually('it is remembered', remembered, 30);

  await machine.kill();
  await engine.removeContainer(containerName(row.uid), true);
  control.rows.delete(row.uid);
  machine.start();

  await eventually('it is forgotten', async () => !(await remembered()), 30);
}, 90_000);

test('a network that is there again without its container goes, and takes nobody with it', async () => {
  await makeDemoImages();
  await using stack = new AsyncDisposableStack();
  const control = stack.use(await startControl());
  const machine = stack.use(makeMachine(control.url));
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  await machine.enroll(node, control.code(node));
  machine.start();
  await eventually('it syncs', () => control.syncs.length > 0, 30);

  // As an engine has it that was killed after it had removed it; and somebody has looked at it with a container of theirs.
  const uid = randomUUID();
  await engine.createNetwork(containerName(uid), '10.214.255.0/28', { [label.node]: node, [label.instance]: uid });
  const guest = await engine.createContainer(`guest-${uid}`, {
    Image: runnerImage,
    Entrypoint: ['sleep', '60'],
    HostConfig: { NetworkMode: containerName(uid) },
  });
  stack.defer(() => engine.removeContainer(guest, true));
  await engine.startContainer(guest);

  const networks = async () => (await engine.listNetworks()).map(({ Name }) => Name);
  await eventually('the network is gone', async () => !(await networks()).includes(containerName(uid)), 30);
  expect((await engine.findContainer(guest))?.State.Running).toBe(true);
}, 90_000);
