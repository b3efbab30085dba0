import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { containerName } from '#domain/instance.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage, runnerImage } from '#local/demo/images.ts';
import { expectNoStrays } from './aftermath.ts';
import { type Control, startControl } from './control.ts';
import { engine, eventually, makeMachine, type TestMachine } from './machine.ts';

let github: Github;
let control: Control;
let machine: TestMachine;
const node = `test-node-${randomUUID().slice(0, 8)}`;
const pat = 'ghp_lifecycle0123456789';

async function mint(uid: string) {
  const answer = await fetch(`${github.apiUrl}/repos/acme/web/actions/runners/generate-jitconfig`, {
    method: 'POST',
    headers: { authorization: `Bearer ${pat}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: containerName(uid), runner_group_id: 1, labels: ['self-hosted'] }),
  });
  const { encoded_jit_config } = (await answer.json()) as { encoded_jit_config: string };
  return encoded_jit_config;
}

/** Wants an instance with a JIT config of its own. */
async function create(image: string, more = {}) {
  const uid = randomUUID();
  const secret = await mint(uid);
  secrets.set(uid, secret);
  return control.create(node, uid, image, more);
}
const secrets = new Map<string, string>();

beforeAll(async () => {
  await makeDemoImages();
  github = await startGithub({ host: '0.0.0.0' });
  control = await startControl();
  control.settings.credential = ({ uid }) => ({
    kind: 'jit',
    secret: secrets.get(uid) ?? '',
    url: `${github.url}/acme/web`,
    name: containerName(uid),
    labels: ['self-hosted'],
    ephemeral: true,
  });
  control.settings.runner = {
    version: '2.335.0',
    urls: { x64: github.distUrl.replaceAll('{version}', '2.335.0').replace('{arch}', 'x64') },
    sha256: { x64: github.distSha256('x64') },
  };
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

test('an instance runs a job and ends, and its container goes once that is known', async () => {
  const row = await create(runnerImage);

  const states = () => row.reports.map(({ state }) => state);
  await eventually('it listens', () => states().includes('listening'));
  const job = github.queueJob({
    repository: 'acme/web',
    name: 'build',
    labels: ['self-hosted'],
    steps: [{ print: 3 }],
  });
  await eventually('it is gone', () => row.gone, 30);

  expect(states()).toEqual(expect.arrayContaining(['running', 'listening', 'busy', 'exited', 'gone']));
  expect(row.reports.find(({ state }) => state === 'busy')?.job).toBe('build');
  expect(row.reports.find(({ state }) => state === 'exited')).toMatchObject({
    exit_code: 0,
    reason: { code: 'job_completed' },
  });
  expect(github.jobs().find(({ id }) => id === job.id)?.status).toBe('completed');
  expect(row.claims).toBe(1);
  expect(await engine.findContainer(containerName(row.uid))).toBeUndefined();
  expect(control.breaches).toEqual([]);
}, 60_000);

test("a plain image gets GitHub's runner from the node", async () => {
  const row = await create(plainImage);

  await eventually('it listens', () => row.reports.some(({ state }) => state === 'listening'), 30);

  control.remove(row.uid);
  await eventually('it is gone', () => row.gone);
  expect(await engine.findContainer(containerName(row.uid))).toBeUndefined();
}, 60_000);
