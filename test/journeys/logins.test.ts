import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caller, until } from './http.ts';
import { type LocalMode, start } from './local-mode.ts';
import { floodOfLogins } from './login-flood.ts';
import { ask, passphrase, signUp } from './tenant.ts';

/** As `shared/lambda/middleware/crowding.ts` has it; fewer than that are let in, so that some are too many for a rate. */
const atOnce = 32;
const hashMb = 19;

let folder: string;
let mode: LocalMode;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rp-logins-'));
  mode = await start(folder, {
    PORT: '0',
    RUNNER_PILOT_LOG_LEVEL: 'ERROR',
    RUNNER_PILOT_RATE_LOGIN: '20/1',
    RUNNER_PILOT_RATE_WRITE: '100000/0.001',
  });
});
afterAll(async () => {
  await mode?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The most memory that the process has had at once, in MB (proc_pid_status(5)). */
const peakMb = async (): Promise<number> =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${mode.pid}/status`, 'utf8'))?.[1]) / 1024;

test('a thousand logins at once are each answered, others are served meanwhile, and memory stays bounded', {
  timeout: 120_000,
}, async () => {
  const { api } = await signUp(mode.url);
  const john = { email: 'john@example.com', password: passphrase };
  let made = 0;
  const before = await peakMb();

  const { logins, others } = await floodOfLogins(mode.url, {
    count: 1000,
    known: [john],
    others: [
      async () => (await api('GET', '/org/GT')).status,
      async () => (await api('GET', '/org/GT/nodes?limit=10')).status,
      async () => (await api('GET', '/health')).status,
      async () => (await api('POST', '/org/GT/nodes', { name: `Node-${made++}`, type: 'Remote' })).status,
    ],
  });
  const grewMb = (await peakMb()) - before;

  const strange = logins.filter(({ status }) => status !== 200 && status !== 401);
  expect(logins.length).toBe(1000);
  expect(strange.length).toBeLessThan(1000);
  expect(strange.filter(({ status }) => status !== 429 && status !== 503)).toEqual([]);
  expect(strange.filter(({ retryAfter }) => !/^[1-9]\d*$/.test(retryAfter ?? ''))).toEqual([]);
  expect(others.filter(({ status }) => status !== 200)).toEqual([]);
  expect(grewMb).toBeLessThan(160 + hashMb * Math.min(availableParallelism(), atOnce));

  await until(
    'a login to work again',
    async () => (await caller(mode.url)('POST', '/auth/login', john)).status === 200,
  );
  expect(await ask(api, 'GET', '/common/me')).toMatchObject({ email: john.email });
});
