import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { containerName } from '#domain/instance.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { type Control, startControl } from './control.ts';
import { eventually, makeMachine, type TestMachine } from './machine.ts';

let control: Control;
let machine: TestMachine;
const node = `test-node-${randomUUID().slice(0, 8)}`;
const environment = { HTTP_PROXY: 'http://proxy:3128', LINES: 'one\ntwo $(date) "three"' };

beforeAll(async () => {
  await makeDemoImages();
  control = await startControl();
  const credential = control.settings.credential;
  control.settings.credential = (row) => ({ ...credential(row), environment });
  machine = makeMachine(control.url);
  await machine.enroll(node, control.code(node));
  machine.start();
}, 60_000);

afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
});

/** What the engine was told of a container's variables; undefined if there is no such container. */
const variablesOf = (uid: string) =>
  new Promise<string[] | undefined>((resolve, reject) => {
    const path = `/containers/${containerName(uid)}/json`;
    request({ socketPath: '/var/run/docker.sock', path }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(response.statusCode === 200 ? JSON.parse(text).Config.Env : undefined);
    })
      .on('error', reject)
      .end();
  });

test('a container has the variables that its runner gives, whatever is in them', async () => {
  const { uid } = control.create(node, randomUUID(), runnerImage).desired;

  const variables = await eventually('the container is there', () => variablesOf(uid), 60);

  expect(variables).toEqual(expect.arrayContaining(Object.entries(environment).map((pair) => pair.join('='))));
}, 90_000);

test('an image that is never to be pulled and is not there is refused for good', async () => {
  const image = 'registry.invalid/nobody/nothing:1';
  const row = control.create(node, randomUUID(), image, { pull_policy: 'never' });

  const refused = await eventually('it is refused', () => row.reports.find(({ state }) => state === 'refused'));

  expect(refused).toMatchObject({ retryable: false, reason: { code: 'image_absent' } });
});

test('an image that is always to be pulled is not taken as it is', async () => {
  const row = control.create(node, randomUUID(), runnerImage, { pull_policy: 'always' });

  const refused = await eventually('it is refused', () => row.reports.find(({ state }) => state === 'refused'), 30);

  expect(refused.reason?.code).toMatch(/^image_(not_found|denied|pull_failed)$/);
  expect(await variablesOf(row.desired.uid)).toBeUndefined();
});
