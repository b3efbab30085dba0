import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { numbersFrom, shuffled } from '#test/faults/random.ts';
import { all, seed } from '#test/faults/selection.ts';
import { startEngineProxy, type Verdict } from './call-proxy.ts';
import { type Control, startControl } from './control.ts';
import { liveThrough, type Moment, nameOf } from './dying.ts';
import { engine, eventually, makeMachine } from './machine.ts';
import { registering } from './registering.ts';

let github: Github;
let control: Control;
const starts = new Map<string, number>();
const listening = new AbortController();

beforeAll(async () => {
  await makeDemoImages();
  github = await startGithub({ host: '0.0.0.0' });
  control = await startControl();
  control.settings.credential = registering(github).credential;
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

/** Those at which most could go wrong. */
const critical = [
  'starting: engine GET /containers/{id}/json',
  'starting: engine GET /images/{id}/json',
  'starting: control POST /agent/instances/{id}/claim',
  'starting: engine POST /networks/create',
  'starting: engine POST /containers/create',
  'starting: engine POST /containers/{id}/start',
  'reporting the start: control POST /agent/sync',
  'removing: engine POST /containers/{id}/stop',
  'removing: engine DELETE /containers/{id}',
];
const whens = ['before', 'after'] as const;
const fine = { died: true, containers: 1, started: 1, left: 0 };
let others: readonly Moment[] = [];

test('an instance lives and goes; its agent could die in at least 50 points', async () => {
  const { calls, ...life } = await liveThrough(control, starts);

  expect(life).toEqual({ ...fine, died: false });
  expect(calls).toEqual(expect.arrayContaining(critical));
  others = calls.filter((one) => !critical.includes(one)).flatMap((one) => whens.map((when) => ({ call: one, when })));
  console.info(`${calls.length * whens.length} points: ${calls.join(', ')}`);
  expect(calls.length * whens.length).toBeGreaterThanOrEqual(50);
}, 120_000);

for (const when of whens) {
  test.each(critical)(
    `an agent that dies ${when} %s starts nothing twice, and leaves nothing`,
    async (call) => {
      expect(await liveThrough(control, starts, { call, when })).toMatchObject(fine);
    },
    120_000,
  );
}

test(
  `an agent that dies around ${all ? 'every' : 'some'} other call starts nothing twice, and leaves nothing (seed ${seed})`,
  async () => {
    const moments = shuffled(others, numbersFrom(seed));
    const wanted = all ? moments.length : 2;
    const failures: unknown[] = [];
    const missed: string[] = [];
    let deaths = 0;
    for (const moment of moments) {
      if (deaths === wanted) break;
      await liveThrough(control, starts, moment)
        .then((life) => {
          expect(life).toMatchObject({ ...fine, died: expect.any(Boolean) });
          // What a clock calls for, such as figures, isn't in each part of each life.
          if (life.died) deaths++;
          else missed.push(`${moment.when} ${moment.call}`);
        })
        .catch((error: Error) => failures.push([moment, error.message]));
    }
    console.info(`${deaths} deaths; not in these lives: ${missed.join(', ') || 'none'}`);
    expect(failures).toEqual([]);
    expect(deaths).toBeGreaterThanOrEqual(all ? wanted / 2 : wanted);
  },
  all ? 3_600_000 : 240_000,
);

test('a container that a dead agent’s call makes after all was deleted is removed as well', async () => {
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  const uid = randomUUID();
  const machine = makeMachine(control.url);
  const { promise: landing, resolve: land } = Promise.withResolvers<void>();
  let held = false;
  await using proxy = await startEngineProxy(join(machine.folder, 'engine.sock'), async (made): Promise<Verdict> => {
    if (held || made.when !== 'before' || nameOf('engine', made) !== 'engine POST /containers/create') return 'go on';
    held = true;
    await machine.kill();
    await landing;
    return 'go on';
  });
  await using stack = new AsyncDisposableStack();
  stack.use(machine);
  control.settings.logsUrl = undefined;
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
