import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateFolder } from './aws/disk.ts';
import { findDynoxide } from './dynamodb/binary.ts';
import { spawnEngine } from './dynamodb/child.ts';
import { endStale } from './dynamodb/stale.ts';

/** What {@link startDynamoDb} needs. */
export interface DynamoDbOptions {
  /** The data folder: the database is in its `dynamodb`. */
  readonly dataFolder: string;
  /** RUNNER_PILOT_DYNAMODB_ENDPOINT and PATH are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told when the engine has crashed; it is started again by itself. */
  readonly onCrash: (what: string) => void;
}

/** A DynamoDB that answers. */
export interface DynamoDb {
  /** Stays the same when the engine is started again. */
  readonly endpoint: string;
  close(): Promise<void>;
}

const readyWithinMs = 10_000;
const graceMs = 3_000;

/** Starts the DynamoDB engine as a child, or uses the one that the environment names. */
export async function startDynamoDb({ dataFolder, environment, onCrash }: DynamoDbOptions): Promise<DynamoDb> {
  const given = environment.RUNNER_PILOT_DYNAMODB_ENDPOINT;
  if (given) return { endpoint: given, close: async () => {} };

  const binary = findDynoxide(environment);
  const folder = join(dataFolder, 'dynamodb');
  makePrivateFolder(folder);
  const database = join(folder, 'table.db');
  const pidFile = join(folder, 'dynoxide.pid');
  await endStale(pidFile, database);

  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let closing = false;
  let child = await start();
  let restarts: Promise<void> = Promise.resolve();
  supervise(child);

  async function start(): Promise<ChildProcess> {
    const started = spawnEngine({ binary, port, database, pidFile });
    let said = '';
    started.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-2_000);
    });
    const deadline = Date.now() + readyWithinMs;
    while (!(await answers(endpoint))) {
      if (ended(started)) throw new Error(`The DynamoDB engine ${binary} ended at its start: ${said.trim()}`);
      if (Date.now() > deadline) {
        started.kill('SIGTERM');
        throw new Error(`The DynamoDB engine ${binary} did not answer on ${endpoint} in time: ${said.trim()}`);
      }
      await sleep(10);
    }
    return started;
  }

  function supervise(running: ChildProcess): void {
    running.once('exit', (code, signal) => {
      if (closing) return;
      onCrash(`The DynamoDB engine has ended (${signal ?? code}); starting it again.`);
      restarts = restart();
    });
    // It may have ended between its first answer and now.
    if (ended(running)) running.emit('exit', running.exitCode, running.signalCode);
  }

  async function restart(): Promise<void> {
    for (let pauseMs = 50; !closing; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        await endStale(pidFile, database);
        child = await start();
        return supervise(child);
      } catch (error) {
        onCrash(error instanceof Error ? error.message : String(error));
        await sleep(pauseMs);
      }
    }
  }

  return {
    endpoint,
    async close() {
      closing = true;
      await restarts;
      if (ended(child)) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.stdin?.end(), graceMs); // The watcher kills it.
      await exit;
      clearTimeout(timer);
    },
  };
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

// Not by fetch: it would load undici, for this one question.
const answers = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request(endpoint, { timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 && String(response.headers.server).startsWith('Dynoxide'));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });

/** Nobody else is likely to take it in the moment until the engine does; if somebody does, the start fails. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
