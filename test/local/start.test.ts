import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runs, temporaryFolder, until } from './folder.fixture.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Start {
  readonly process: ChildProcess;
  /** All that it has said so far. */
  said(): string;
  readonly [Symbol.dispose]: () => void;
}

/** Runs the program as somebody would who types it. */
function start(folder: string, options: { command?: string[]; env?: object } = {}): Start {
  const [command = process.execPath, ...args] = options.command ?? [process.execPath, 'local/main.ts'];
  const { npm_lifecycle_event: _, ...environment } = process.env;
  const child = spawn(command, args, {
    cwd: root,
    env: {
      ...environment,
      PORT: '0',
      RUNNER_PILOT_DATA: folder,
      ...options.env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      said += chunk;
    });
  return { process: child, said: () => said, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

const urlOf = ({ said }: Start) => /answers at (http:\S+)/.exec(said())?.[1] ?? '';

async function ready(started: Start): Promise<string> {
  await until(
    'it says that it answers',
    () => {
      if (started.process.exitCode !== null) throw new Error(`It has ended: ${started.said()}`);
      return urlOf(started) !== '';
    },
    60_000,
  );
  expect((await fetch(`${urlOf(started)}/health`)).status).toBe(200);
  return urlOf(started);
}

/** The agent and the engine, by their own pid files. */
function childrenOf(folder: string): number[] {
  const agent = JSON.parse(readFileSync(join(folder, 'agent.pid'), 'utf8')).pid;
  const engine = Number(readFileSync(join(folder, 'dynamodb', 'dynoxide.pid'), 'utf8'));
  return [agent, engine];
}

const allEnded = (pids: readonly number[]) => async () =>
  (await Promise.all(pids.map(runs))).every((running) => !running);

test('it says where it answers, where its data are, whether there is an engine, and what to type first', async () => {
  using folder = temporaryFolder();
  using started = start(folder.path, { env: { DOCKER_HOST: 'unix:///nowhere.sock' } });

  const url = await ready(started);

  expect(started.said()).toContain(`Data folder:   ${folder.path}`);
  expect(started.said()).toMatch(/Docker engine: none \(.*ENOENT.*\); run `npm run engine`/);
  expect(started.said()).toContain(`curl ${url}/auth/register`);
  started.process.kill('SIGTERM');
  await once(started.process, 'exit');
}, 90_000);

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s stops it and its children within 5 s',
  async (signal) => {
    using folder = temporaryFolder();
    using started = start(folder.path);
    await ready(started);
    const children = childrenOf(folder.path);
    expect(await Promise.all(children.map(runs))).toEqual([true, true]);

    const from = performance.now();
    started.process.kill(signal);
    const [code] = await once(started.process, 'exit');

    expect(performance.now() - from).toBeLessThan(5_000);
    expect(code).toBe(0);
    expect(await allEnded(children)()).toBe(true);
  },
  90_000,
);

test('a second start on the same data folder is refused, and the first goes on', async () => {
  using folder = temporaryFolder();
  using first = start(folder.path);
  const url = await ready(first);
  using second = start(folder.path);

  const [code] = await once(second.process, 'exit');

  expect(code).toBe(1);
  expect(second.said()).toBe(
    `Runner Pilot runs already on the data folder ${folder.path}: process ${first.process.pid}, at ${url}. ` +
      'Stop that one first, or set RUNNER_PILOT_DATA (and PORT) for a second installation.\n',
  );
  expect((await fetch(`${url}/health`)).status).toBe(200);
  first.process.kill('SIGTERM');
  await once(first.process, 'exit');
}, 90_000);

test('after kill -9 its children end by themselves, and the next start finds nothing in its way', async () => {
  using folder = temporaryFolder();
  using killed = start(folder.path);
  await ready(killed);
  const children = childrenOf(folder.path);

  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');
  using next = start(folder.path);
  await ready(next);

  await until('the old children have ended', allEnded(children));
  expect(childrenOf(folder.path)).not.toEqual(children);
  next.process.kill('SIGTERM');
  await once(next.process, 'exit');
}, 90_000);

test('after kill -9 of npm it ends, and the next start finds nothing in its way', async () => {
  using folder = temporaryFolder();
  using npm = start(folder.path, { command: ['npm', 'start'] });
  await ready(npm);
  const { pid } = JSON.parse(readFileSync(join(folder.path, 'server.json'), 'utf8'));
  const all = [pid, ...childrenOf(folder.path)];

  npm.process.kill('SIGKILL');
  await until('everything has ended', allEnded(all));

  using next = start(folder.path);
  await ready(next);
  next.process.kill('SIGTERM');
  await once(next.process, 'exit');
}, 90_000);

// Only root can start it as somebody else.
test.skipIf(process.getuid?.() !== 0)(
  'it needs not be root',
  async () => {
    using folder = temporaryFolder();
    const checkout = mkdtempSync(join(tmpdir(), 'rp-checkout-'));
    using cleanup = new DisposableStack();
    // Never what is in it: should the mount be seen here, that is the checkout.
    cleanup.defer(() => rmdirSync(checkout));
    const nobody = 65_534;
    chownSync(folder.path, nobody, nobody);
    chmodSync(checkout, 0o755);
    // Seen from where everybody may look: the checkout itself may lie in somebody's private folder.
    const script = `mount --bind "$1" "$2"; cd "$2"; exec setpriv --reuid "$3" --regid "$3" --clear-groups "$4" local/main.ts`;
    const node = process.execPath.replace(root, `${checkout}/`);
    using started = start(folder.path, {
      command: ['unshare', '--mount', 'sh', '-euc', script, 'sh', root, checkout, `${nobody}`, node],
      env: { HOME: folder.path, TMPDIR: folder.path, RUNNER_PILOT_AGENT_RUN: join(folder.path, 'run') },
    });

    await ready(started);
    await until('the agent has opened its door', () =>
      readFileSync(join(folder.path, 'agent.log'), 'utf8').includes('serves'),
    );

    started.process.kill('SIGTERM');
    expect((await once(started.process, 'exit'))[0]).toBe(0);
  },
  90_000,
);

test.each([
  [{ PORT: 'http' }, 'PORT is "http"; it must be a number from 0'],
  [{ HOST: '192.0.2.1' }, 'Set PORT and HOST to what may be used here.'],
  [{ RUNNER_PILOT_PUBLIC_URL: 'example.com' }, 'RUNNER_PILOT_PUBLIC_URL is "example.com"'],
])(
  '%j is refused with what would be right',
  async (env, message) => {
    using folder = temporaryFolder();
    using started = start(folder.path, { env });

    const [code] = await once(started.process, 'exit');

    expect(code).toBe(1);
    expect(started.said()).toContain(message);
    expect(started.said().trim().split('\n')).toHaveLength(1);
  },
  60_000,
);
