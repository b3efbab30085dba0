import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm start` runs in the end. */
const program = [process.execPath, fileURLToPath(new URL('../../local/main.ts', import.meta.url))];

/** Local mode in a process of its own, as `npm start` runs it. */
export interface LocalMode {
  readonly pid: number;
  readonly url: string;
  /** The DynamoDB engine that it has started. */
  readonly dynamoDbEndpoint: string;
  /** How long it took from the start until it answered. */
  readonly readyMs: number;
  /** The process and all that it has started. */
  processes(): readonly number[];
  /** Kills it as `kill -9` does: with all that it has started, or alone. Resolves when it is gone. */
  crash(what: 'all' | 'parent'): Promise<void>;
  /** Asks it to stop, by SIGTERM. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

/** How a start went: it answers, or has ended with a code and these words. */
export type Start =
  | { readonly started: LocalMode }
  | { readonly code: number | null; readonly said: string; readonly started?: undefined };

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('The system gave no port.');
  return address.port;
}

/** Starts it on a data folder, by another command if need be. What it says is kept for messages. */
export async function tryStart(
  dataFolder: string,
  environment: Readonly<Record<string, string>>,
  [command = 'npm', ...words]: readonly string[] = program,
): Promise<Start> {
  const startedAt = performance.now();
  const child = spawn(command, words, {
    env: {
      ...process.env,
      ...environment,
      RUNNER_PILOT_DATA: dataFolder,
      RUNNER_PILOT_AGENT_RUN: join(dataFolder, 'run'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const answers = new Promise<string | undefined>((resolve) => {
    const hear = (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-20_000);
      const url = /Runner Pilot answers at (\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => resolve(undefined));
  });
  const url = await answers;
  if (url === undefined || child.pid === undefined) return { code: child.exitCode, said };
  return { started: localMode({ child, pid: child.pid, url, dataFolder, readyMs: performance.now() - startedAt }) };
}

/** Starts it on a data folder, and fails if it doesn't. */
export async function start(
  dataFolder: string,
  environment: Readonly<Record<string, string>>,
  command = program,
): Promise<LocalMode> {
  const made = await tryStart(dataFolder, environment, command);
  if (made.started) return made.started;
  throw new Error(`Local mode did not start, and ended with code ${made.code}: ${made.said}`);
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly dataFolder: string;
  readonly readyMs: number;
}

function localMode({ child, pid, url, dataFolder, readyMs }: Running): LocalMode {
  const ended = once(child, 'exit');
  return {
    pid,
    url,
    readyMs,
    dynamoDbEndpoint: endpointIn(dataFolder),
    processes: () => treeOf(pid),
    async crash(what) {
      for (const one of what === 'all' ? treeOf(pid) : [pid]) kill(one, 'SIGKILL');
      await ended;
    },
    async stop() {
      const askedAt = performance.now();
      kill(pid, 'SIGTERM');
      const [code] = await ended;
      return { code, tookMs: performance.now() - askedAt };
    },
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** A process and its descendants, by proc_pid_stat(5). */
function treeOf(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name) }));
  const tree = [root];
  for (const pid of tree) tree.push(...parents.filter(({ parent }) => parent === pid).map((one) => one.pid));
  return tree;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** The engine's port is random, and in its command line. */
function endpointIn(dataFolder: string): string {
  const pid = readFileSync(join(dataFolder, 'dynamodb', 'dynoxide.pid'), 'utf8').trim();
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return `http://127.0.0.1:${words[words.indexOf('--port') + 1]}`;
}
