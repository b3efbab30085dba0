import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Step } from '#local/demo/github/jobs.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, runnerImage } from '#local/demo/images.ts';
import { expectNoStrays } from './aftermath.ts';
import { type Control, startControl } from './control.ts';
import { eventually, makeMachine, type TestMachine } from './machine.ts';
import { registering } from './registering.ts';

let github: Github;
let control: Control;
let machine: TestMachine;
let tokenOf: (uid: string) => string;
const node = `test-node-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  await makeDemoImages();
  github = await startGithub({ host: '0.0.0.0' });
  control = await startControl();
  const starts = registering(github);
  ({ tokenOf } = starts);
  control.settings.credential = starts.credential;
  machine = makeMachine(control.url, { RUNNER_PILOT_LOG_BYTES_PER_SECOND: '100000000' });
  await machine.enroll(node, control.code(node));
  machine.start();
}, 60_000);

afterAll(async () => {
  await expectNoStrays(machine, control);
  await machine[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
  await github.close();
});

/** An instance whose runner does the steps. */
async function runJob(steps: readonly Step[], prints: number) {
  const uid = randomUUID();
  const row = control.create(node, uid, runnerImage);
  await eventually('it listens', () => row.reports.some(({ state }) => state === 'listening'), 30);
  const job = github.queueJob({ repository: 'acme/web', name: 'noise', labels: ['self-hosted', uid], steps });
  const expected = Array.from({ length: prints }, (_, i) => `line ${i + 1}`);
  const arrived = () => control.log(uid).filter(({ message }) => message.startsWith('line '));
  return { uid, row, job, expected, arrived };
}

test('of 10,000 lines none is missing and none is doubled, though the agent is killed in between', async () => {
  const { row, expected, arrived } = await runJob([{ print: 10_000 }], 10_000);

  for (const part of [500, 3000, 7000]) {
    await eventually(`${part} lines have come`, () => arrived().length >= part || row.gone, 30);
    await machine.kill();
    machine.start();
  }
  await eventually('all lines have come', () => arrived().length >= 10_000, 30);

  expect(arrived().map(({ message }) => message)).toEqual(expected);
  expect(control.breaches).toEqual([]);
}, 120_000);

test('what is printed while CloudWatch Logs is away comes later, and what the runner does is told at once', async () => {
  control.settings.logsFault = () => ({
    status: 503,
    body: { __type: 'ServiceUnavailableException', message: 'away' },
  });
  // More than the agent holds in memory.
  const loud = 'x'.repeat(2000);
  const more = `i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo "big $i ${loud}"; done`;
  const { uid, row, job, arrived } = await runJob([{ run: more }, { print: 10 }], 10);

  await eventually('the job ends', () => github.jobs().find(({ id }) => id === job.id)?.status === 'completed', 60);
  await eventually('that is told', () => row.reports.filter(({ state }) => state === 'listening').length > 1, 30);
  expect(arrived()).toEqual([]);
  control.settings.logsFault = undefined;
  await eventually('all lines have come', () => arrived().length === 10, 60);

  const big = control.log(uid).filter(({ message }) => message.startsWith('big '));
  expect(big.map(({ message }) => message)).toEqual(Array.from({ length: 6000 }, (_, i) => `big ${i + 1} ${loud}`));
}, 150_000);

const loud = 'x'.repeat(2000);
const bigs = (count: number) => Array.from({ length: count }, (_, i) => `big ${i + 1} ${loud}`);
const printBigs = (count: number) => `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "big $i ${loud}"; done`;
const arrivedBigs = (uid: string) =>
  control
    .log(uid)
    .map(({ message }) => message)
    .filter((message) => message.startsWith('big '));

test('a container that is to go goes once its output is shipped, however long that takes', async () => {
  const { uid, row, job } = await runJob([{ run: printBigs(12_000) }], 0);
  control.settings.logsDelayMs = 1000;
  await eventually('the job ends', () => github.jobs().find(({ id }) => id === job.id)?.status === 'completed', 60);

  control.remove(uid);
  await eventually('it is gone', () => row.gone, 90);
  control.settings.logsDelayMs = 0;

  await eventually('all lines have come', () => arrivedBigs(uid).length === 12_000, 30);
  expect(arrivedBigs(uid)).toEqual(bigs(12_000));
}, 180_000);

test('a container that goes while CloudWatch Logs is away takes its output with it, and its log says so', async () => {
  const { uid, row, job } = await runJob([{ run: printBigs(6000) }], 0);
  control.settings.logsFault = () => ({
    status: 503,
    body: { __type: 'ServiceUnavailableException', message: 'away' },
  });
  await eventually('the job ends', () => github.jobs().find(({ id }) => id === job.id)?.status === 'completed', 60);

  control.remove(uid);
  await eventually('it is gone', () => row.gone, 60);
  control.settings.logsFault = undefined;
  const said = () => control.log(uid).map(({ message }) => message);
  await eventually(
    'its last line has come',
    () => said().some((one) => /lines before this were left out/.test(one)),
    60,
  );

  const come = arrivedBigs(uid);
  expect(come.length).toBeLessThan(6000);
  expect(come).toEqual(bigs(come.length));
  expect(said().at(-1)).toMatch(/^The container was removed before all of its output could be shipped/);
}, 180_000);

test('the agent tells of the container in its own words, and no credential is in the log', async () => {
  const { uid, arrived, job } = await runJob([{ wait: 'release' }, { print: 1 }], 1);
  const token = tokenOf(uid);
  const echo = { repository: 'acme/web', name: 'echo', labels: ['self-hosted', uid] };
  github.queueJob({ ...echo, steps: [{ run: `echo "the token is ${token}"` }, { print: 2 }] });

  github.releaseJob(job.id);
  await eventually('the lines have come', () => arrived().length === 3);
  const messages = control.log(uid).map(({ message }) => message);

  expect(messages.filter((message) => message === 'Runner container started.')).toHaveLength(1);
  expect(messages.some((message) => message.endsWith('Listening for Jobs'))).toBe(true);
  expect(messages).toContain('the token is ***');
  expect(JSON.stringify(control.raw(`acme/instance/${uid}`))).not.toContain(token);
});
