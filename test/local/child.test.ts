import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { superviseChild } from '#local/child.ts';
import { runs, temporaryFolder, until } from './folder.fixture.ts';

function supervise(folder: string, source: string, crashes: string[] = []) {
  const file = join(folder, 'output');
  const output = openSync(file, 'a');
  const child = superviseChild({
    command: process.execPath,
    arguments: ['-e', source],
    environment: { GREETING: 'hello' },
    pidFile: join(folder, 'pid'),
    output,
    onCrash: (how, againInMs) => crashes.push(`${how}, again in ${againInMs}`),
  });
  return {
    child,
    said: () => readFileSync(file, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await child.stop(100);
      closeSync(output);
    },
  };
}

test('a child that crashes is started again, ever later', async () => {
  using folder = temporaryFolder();
  const crashes: string[] = [];
  await using _ = supervise(folder.path, 'process.exit(3)', crashes);

  await until('three crashes', () => crashes.length === 3);

  expect(crashes).toEqual(['exit code 3, again in 250', 'exit code 3, again in 500', 'exit code 3, again in 1000']);
});

test('a child sees only the environment that it is given', async () => {
  using folder = temporaryFolder();
  await using it = supervise(folder.path, 'console.log(JSON.stringify(process.env)); process.stdin.resume()');

  await until('its output', () => it.said() !== '');

  expect(JSON.parse(it.said())).toEqual({ GREETING: 'hello' });
});

test('stopping ends it for good, and its pid file goes', async () => {
  using folder = temporaryFolder();
  const crashes: string[] = [];
  await using it = supervise(folder.path, "console.log('up'); setInterval(() => {}, 1000)", crashes);
  await until('its start', () => it.said() !== '');
  const pid = it.child.pid ?? 0;
  expect(existsSync(join(folder.path, 'pid'))).toBe(true);

  await it.child.stop(5_000);

  expect(await runs(pid)).toBe(false);
  expect(it.child.pid).toBe(undefined);
  expect(existsSync(join(folder.path, 'pid'))).toBe(false);
  expect(crashes).toEqual([]);
});

test('one that does not listen is killed after the grace', async () => {
  using folder = temporaryFolder();
  await using it = supervise(
    folder.path,
    "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
  );
  await until('its start', () => it.said() !== '');
  const pid = it.child.pid ?? 0;

  await it.child.stop(50);

  expect(await runs(pid)).toBe(false);
});

test('its standard input is a pipe that ends with it', async () => {
  using folder = temporaryFolder();
  await using it = supervise(
    folder.path,
    "process.on('SIGTERM', () => {}); console.log('up'); process.stdin.on('end', () => { console.log('ended'); process.exit(0); }).resume()",
  );
  await until('its start', () => it.said() !== '');

  await it.child.stop(5_000);

  expect(it.said()).toBe('up\nended\n');
});
