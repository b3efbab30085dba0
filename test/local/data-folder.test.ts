import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataFolderOf, openDataFolder } from '#local/data-folder.ts';
import { temporaryFolder } from './folder.fixture.ts';

const mode = (path: string) => statSync(path).mode & 0o777;

test.each([
  [{ RUNNER_PILOT_DATA: '/srv/rp' }, '/srv/rp'],
  [{ XDG_STATE_HOME: '/state' }, '/state/runner-pilot'],
  [{ XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/runner-pilot')],
  [{}, join(homedir(), '.local/state/runner-pilot')],
])('with %j the data folder is %s', (environment, path) => {
  expect(dataFolderOf(environment)).toBe(path);
});

test('the folder is for its owner only, whoever made it before', () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'deep', 'data');
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);

  const data = openDataFolder(path);
  data.sign('http://127.0.0.1:3000');
  data.release();

  expect(mode(path)).toBe(0o700);
  expect(mode(join(path, 'lock'))).toBe(0o600);
  expect(mode(join(path, 'server.json'))).toBe(0o600);
});

test('a second start on a folder is refused, and the message says who has it', () => {
  using folder = temporaryFolder();
  const first = openDataFolder(folder.path);
  first.sign('http://127.0.0.1:3000');

  expect(() => openDataFolder(folder.path)).toThrow(
    `Runner Pilot runs already on the data folder ${folder.path}: process ${process.pid}, at http://127.0.0.1:3000.`,
  );

  first.release();
  openDataFolder(folder.path).release();
});

test('the lock of a process that was killed is free at once', async () => {
  using folder = temporaryFolder();
  const source = `
    import { openDataFolder } from '${new URL('../../local/data-folder.ts', import.meta.url).href}';
    openDataFolder(process.argv[1]);
    console.log('taken');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', source, folder.path]);
  await once(holder.stdout, 'data');
  expect(() => openDataFolder(folder.path)).toThrow('runs already');

  holder.kill('SIGKILL');
  await once(holder, 'exit');

  openDataFolder(folder.path).release();
});

test('what is no folder is refused with what to do', () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, '');

  expect(() => openDataFolder(path)).toThrow('Set RUNNER_PILOT_DATA to a folder of your own.');
});
