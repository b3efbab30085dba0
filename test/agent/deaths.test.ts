import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { containerName } from '#domain/instance.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { type Control, startControl } from './control.ts';
import { type EngineCall, startEngineProxy, type Verdict } from './engine-proxy.ts';
import { engine, eventually, makeMachine } from './machine.ts';

let github: Github;
let control: Control;
const starts = new Map<string, number>();
const listening = new AbortController();

beforeAll(async () => {
  await makeDemoImages();
  github = await startGithub({ host: '0.0.0.0' });
  control = await startControl();
  control.settings.credential = ({ uid }) => ({
    kind: 'registration',
    secret: github.registrationToken('acme/web'),
    url: `${github.url}/acme/web`,
    name: containerName(uid),
    labels: ['self-hosted', 'linux'],
    ephemeral: false,
  });
  // The engine itself says how often a container was started.
  engine
    .events('runner-pilot.instance', listening.signal, ({ Action, Actor }) => {
      const uid = Actor.Attributes['runner-pilot.instance'] ?? '';
      if (Action === 'start') starts.set(uid, (starts.get(uid) ?? 0) + 1);
    })
    .catch(() => undefined);
}, 60_000);

afterAll(async () => {
  listening.abort();
  await control[Symbol.asyncDispose]();
  await github.close();
});

const call = (method: string, path: RegExp) => (made: EngineCall) => made.method === method && path.test(made.path);
const engineMoments = {
  'looking for the container': call('GET', /\/containers\/rp-[^/]+\/json/),
  'looking for the image': call('GET', /\/images\/[^?]+\/json/),
  'making its network': call('POST', /\/networks\/create/),
  'making the container': call('POST', /\/containers\/create\?name=rp-(?!probe)/),
  'starting the container': call('POST', /\/containers\/[0-9a-f]{64}\/start/),
};

/** The agent dies the first time that this happens, and is started again. */
async function dieOnce(moment: {
  readonly engine?: (made: EngineCall) => boolean;
  readonly control?: 'claim' | 'sync';
  readonly when: 'before' | 'after';
}) {
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  const uid = randomUUID();
  let dead = false;
  let armed = true;
  const machine = makeMachine(control.url);
  const die = async () => {
    armed = false;
    await machine.kill();
    dead = true;
  };
  await using proxy = await startEngineProxy(join(machine.folder, 'engine.sock'), async (made): Promise<Verdict> => {
    if (!armed || made.when !== moment.when || !moment.engine?.(made)) return 'go on';
    await die();
    // What was sent before the death still reaches the engine, after it.
    return 'go on';
  });
  control.settings.fault = (operation) => {
    const row = control.rows.get(uid);
    if (!armed || operation !== moment.control || row === undefined) return undefined;
    // The first sync after the start is the one that reports it.
    if (operation === 'sync' && !starts.has(uid)) return undefined;
    void die();
    // Claimed, and the answer never arrives.
    if (moment.when === 'after' && operation === 'claim') row.claims++;
    return 'hang';
  };
  await using stack = new AsyncDisposableStack();
  stack.use(machine);
  await machine.enroll(node, control.code(node));
  const row = control.create(node, uid, runnerImage);
  machine.start({ DOCKER_HOST: proxy.dockerHost });

  await eventually('the agent dies', () => dead, 30);
  machine.start({ DOCKER_HOST: proxy.dockerHost });
  await eventually('the runner listens', () => row.reports.some(({ state }) => state === 'listening'), 30);
  const containers = await machine.containers();
  const startedTimes = starts.get(uid);
  control.remove(uid);
  await eventually('it is gone', () => row.gone, 30);
  return { containers: containers.length, startedTimes, left: (await machine.containers()).length };
}

for (const when of ['before', 'after'] as const) {
  test.each(Object.entries(engineMoments))(
    `an agent that dies ${when} %s starts nothing twice`,
    async (_, matches) => {
      expect(await dieOnce({ engine: matches, when })).toEqual({ containers: 1, startedTimes: 1, left: 0 });
    },
    90_000,
  );
}

test.each(['before', 'after'] as const)(
  'an agent that dies %s its claim is granted starts nothing twice',
  async (when) => {
    expect(await dieOnce({ control: 'claim', when })).toEqual({ containers: 1, startedTimes: 1, left: 0 });
  },
  90_000,
);

test('an agent that dies while it reports the start starts nothing twice', async () => {
  expect(await dieOnce({ control: 'sync', when: 'before' })).toEqual({ containers: 1, startedTimes: 1, left: 0 });
}, 90_000);

test('a container that a dead agent’s call makes after all was deleted is removed as well', async () => {
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  const uid = randomUUID();
  const machine = makeMachine(control.url);
  const { promise: landing, resolve: land } = Promise.withResolvers<void>();
  let held = false;
  await using proxy = await startEngineProxy(join(machine.folder, 'engine.sock'), async (made): Promise<Verdict> => {
    if (held || made.when !== 'before' || !engineMoments['making the container'](made)) return 'go on';
    held = true;
    await machine.kill();
    await landing;
    return 'go on';
  });
  await using stack = new AsyncDisposableStack();
  stack.use(machine);
  control.settings.fault = undefined;
  await machine.enroll(node, control.code(node));
  const row = control.create(node, uid, runnerImage);
  machine.start({ DOCKER_HOST: proxy.dockerHost });
  await eventually('the agent has died', () => held && machine.pid() === undefined, 30);

  control.remove(uid);
  machine.start({ DOCKER_HOST: proxy.dockerHost });
  await eventually('it is confirmed to be gone', () => row.gone, 30);
  const quiet = control.syncs.length + 2;
  await eventually('nobody speaks of it any more', () => control.syncs.length >= quiet);
  // The engine refuses a mount whose folder is gone, which would hide what is looked for here.
  mkdirSync(join(machine.folder, 'run', 'input', uid));
  land();
  await eventually('the late container is there', async () => (await machine.containers()).length === 1);
  await eventually('it is removed', async () => (await machine.containers()).length === 0, 30);

  expect(starts.get(uid)).toBeUndefined();
}, 90_000);
