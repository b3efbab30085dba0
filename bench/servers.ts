import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

/** A server in a process of its own. */
export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Starts a program of this folder that prints its address, and ends with its standard input. */
export async function serve(file: string): Promise<Served> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return {
    url: String(line).trim(),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/** Requests a second with ten connections on loopback. */
export async function throughput(url: string, seconds: number): Promise<number> {
  const { requests, errors, non2xx } = await autocannon({ url, connections: 10, duration: seconds });
  if (errors + non2xx > 0) throw new Error(`${errors} requests to ${url} failed, ${non2xx} were refused.`);
  return requests.average;
}

/** Makes requests over some connections, on each one after the other; how long each took, in milliseconds. */
export async function latencies(
  url: string,
  { times, connections, token }: { readonly times: number; readonly connections: number; readonly token?: string },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = () =>
    new Promise<void>((resolve, reject) => {
      request(url, { agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}.`));
        response.resume().on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
  const took: number[] = [];
  const lane = async () => {
    for (let index = 0; index < times / connections; index++) {
      const from = performance.now();
      await call();
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  agent.destroy();
  return took;
}
