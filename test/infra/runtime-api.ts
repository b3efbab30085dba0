import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Lambda's Runtime API, as far as a function that answers whole replies needs it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

/** A function's artefact, running in a process of its own as Lambda would run it. */
export interface RunningFunction extends AsyncDisposable {
  /** What the handler answers to an event; what it throws is thrown, with Lambda's `errorType` as name. */
  invoke(event: unknown): Promise<unknown>;
  /** From the process's start until it asks for its first event. */
  readonly initMs: number;
  /** All that it has written. */
  readonly output: () => string;
}

/** What a function is started with. */
export interface RunningFunctionOptions {
  /** The folder of its artefact; it is copied out of the project first, so that it finds nothing beside itself. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly name: string;
  readonly timeoutMs?: number;
}

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly settle: PromiseWithResolvers<unknown>;
}

/** Starts a function: fails with what it says when it can't be loaded. */
export async function startFunction(options: RunningFunctionOptions): Promise<RunningFunction> {
  const { folder, environment, name, timeoutMs = 30_000 } = options;
  const task = await mkdtemp(join(tmpdir(), 'rp-lambda-'));
  await cp(folder, task, { recursive: true });
  const queue: Invocation[] = [];
  const open = new Map<string, Invocation>();
  const waiting: ServerResponse[] = [];
  const ready = Promise.withResolvers<void>();
  let output = '';

  const hand = (): void => {
    while (waiting.length > 0 && queue.length > 0) {
      const response = waiting.shift();
      const invocation = queue.shift();
      if (!response || !invocation) return;
      open.set(invocation.id, invocation);
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
        'lambda-runtime-invoked-function-arn': `arn:aws:lambda:eu-central-1:000000000000:function:${name}`,
        'lambda-runtime-trace-id': `Root=1-${randomUUID()}`,
      });
      response.end(invocation.event);
    }
  };

  const server = createServer(async (request, response) => {
    const [, , , kind, id = '', what] = (request.url ?? '').split('/');
    if (request.method === 'GET' && kind === 'invocation' && id === 'next') {
      ready.resolve();
      waiting.push(response);
      return hand();
    }
    const body = JSON.parse((await read(request)) || 'null');
    response.writeHead(202).end('{}');
    if (kind === 'init') return ready.reject(errorOf(body));
    const invocation = open.get(id);
    open.delete(id);
    if (what === 'response') invocation?.settle.resolve(body);
    else invocation?.settle.reject(errorOf(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const started = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL('runtime-bootstrap.ts', import.meta.url))], {
    cwd: task,
    env: {
      ...environment,
      TZ: ':UTC',
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: task,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.on('exit', (code) => {
    const error = new Error(`${name} ended with ${code}: ${output.slice(-4000)}`);
    ready.reject(error);
    for (const { settle } of open.values()) settle.reject(error);
  });

  const stop = async (): Promise<void> => {
    await kill(child);
    server.closeAllConnections();
    server.close();
    await rm(task, { recursive: true, force: true });
  };
  await ready.promise.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    initMs: performance.now() - started,
    output: () => output,
    invoke: (event) => {
      const settle = Promise.withResolvers<unknown>();
      queue.push({ id: randomUUID(), event: JSON.stringify(event), settle });
      hand();
      return settle.promise;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const errorOf = ({ errorType, errorMessage }: { errorType?: string; errorMessage?: string }): Error =>
  Object.assign(new Error(errorMessage), { name: errorType ?? 'Error' });
