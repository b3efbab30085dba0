import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endRemembered, rememberProcess, startOf } from '#local/processes.ts';
import { runs, temporaryFolder } from './folder.fixture.ts';

async function start(source: string) {
  const child = spawn(process.execPath, ['-e', `${source}; console.log('up'); setInterval(() => {}, 1000)`]);
  await once(child.stdout, 'data');
  const { pid } = child;
  if (pid === undefined) throw new Error('It did not start.');
  return { child, pid, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

test('a process that an earlier start has left is asked to end', async () => {
  using folder = temporaryFolder();
  using left = await start("process.on('SIGTERM', () => process.exit(7))");
  const file = join(folder.path, 'agent.pid');
  rememberProcess(file, left.pid);

  const [ended, [code]] = await Promise.all([endRemembered(file, 5_000), once(left.child, 'exit')]);

  expect(ended).toBe(true);
  expect(code).toBe(7);
  expect(existsSync(file)).toBe(false);
});

test('one that does not end when asked is killed', async () => {
  using folder = temporaryFolder();
  using left = await start("process.on('SIGTERM', () => {})");
  const file = join(folder.path, 'agent.pid');
  rememberProcess(file, left.pid);

  await Promise.all([endRemembered(file, 50), once(left.child, 'exit')]);

  expect(left.child.signalCode).toBe('SIGKILL');
});

test('a pid that belongs to another process by now is left alone', async () => {
  using folder = temporaryFolder();
  using innocent = await start('');
  const file = join(folder.path, 'agent.pid');
  rememberProcess(file, innocent.pid);
  const remembered = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...remembered, start: `${remembered.start}0` }));

  expect(await endRemembered(file, 50)).toBe(false);
  expect(await runs(innocent.pid)).toBe(true);
});

test.each(['', '{', '{"pid":1,"start":"x"}', '{"pid":"12","start":"x"}', '12'])(
  'the pid file %j names nobody',
  async (text) => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'agent.pid');
    writeFileSync(file, text);

    expect(await endRemembered(file, 50)).toBe(false);
  },
);

test('two processes never have the same start', async () => {
  using one = await start('');
  using two = await start('');

  expect(startOf(one.pid)).not.toBe(undefined);
  expect(startOf(one.pid)).toBe(startOf(one.pid));
  expect(`${one.pid} ${startOf(one.pid)}`).not.toBe(`${two.pid} ${startOf(two.pid)}`);
});
