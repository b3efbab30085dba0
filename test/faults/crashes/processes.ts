import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, Agent as HttpAgent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('process.ts', import.meta.url));

/** The functions in a process of their own, that can be killed and is there again at once, at the same address. */
export interface FunctionProcesses extends AsyncDisposable {
  readonly url: string;
  /** A sweep in that process; throws when it has failed, or died. */
  sweep(): Promise<void>;
  /** `kill -9`; resolves when it is dead, and the next one answers. */
  kill(): Promise<void>;
}

/** Starts them in this process's environment; `aheadMs` says how far ahead the functions' clock is. */
export async function startFunctionProcesses(aheadMs: () => number): Promise<FunctionProcesses> {
  // What Node has made of the sources is kept between starts: half of what a start takes.
  const cache = await mkdtemp(join(tmpdir(), 'rp-crashes-'));
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };

  const start = async () => {
    const child = fork(program, { env, execArgv: [] });
    const agent = new HttpAgent({ keepAlive: true });
    const [said] = await Promise.race([
      once(child, 'message') as Promise<[{ port: number }]>,
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`A process ended at its start, with ${code}.`))),
    ]);
    return { child, agent, port: said.port };
  };
  let current = start();
  await current;
  let next = start();

  // As the gateway's: a connection that ends while a slow machine asks again looks like a death.
  const front = createServer({ keepAliveTimeout: 75_000 }, async (asked, reply) => {
    const { agent, port } = await current;
    const headers = { ...asked.headers, host: `127.0.0.1:${port}`, 'x-ahead-ms': String(aheadMs()) };
    const call = request({ agent, port, host: '127.0.0.1', method: asked.method, path: asked.url, headers });
    // Whoever asked sees what they would see: the connection ends.
    call.once('error', () => reply.destroy());
    call.once('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.once('error', () => reply.destroy());
      answer.pipe(reply);
    });
    asked.pipe(call);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;

  return {
    url,
    async sweep() {
      const answer = await fetch(`${url}/sweep`, { method: 'POST' });
      if (answer.status !== 204) throw new Error(`The sweep answered ${answer.status}: ${await answer.text()}`);
    },
    async kill() {
      const dying = await current;
      const heir = next;
      // Whoever asks while it dies is answered by the next one.
      current = end(dying.child).then(() => heir);
      await current;
      dying.agent.destroy();
      next = start();
    },
    async [Symbol.asyncDispose]() {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      for (const { child, agent } of [await current, await next]) {
        await end(child);
        agent.destroy();
      }
      await rm(cache, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
