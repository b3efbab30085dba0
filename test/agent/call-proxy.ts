import { createServer, type RequestOptions, request } from 'node:http';

/** A call of the agent to its engine, or to its control plane. */
export interface AgentCall {
  readonly method: string;
  readonly path: string;
  /** Of AWS's services: such as `Logs_20140328.PutLogEvents`. */
  readonly target?: string | undefined;
  /** Before it reaches whom it is for, or after they have answered and before the agent hears of it. */
  readonly when: 'before' | 'after';
}

/** What becomes of a call: it goes on, or nobody ever learns of its end. */
export type Verdict = 'go on' | 'cut';

type Judge = (call: AgentCall) => Promise<Verdict> | Verdict;

/** Stands between an agent and whom it calls: what it forwards is real, what it cuts is lost. */
async function startCallProxy(
  at: string | { readonly port: 0; readonly host: string },
  to: RequestOptions,
  judge: Judge,
) {
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const target = headers['x-amz-target']?.toString();
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    // The agent's death is not the call's: it arrives all the same.
    incoming.on('error', () => undefined);
    incoming.on('end', async () => {
      if ((await judge({ method, path, target, when: 'before' })) === 'cut') return outgoing.destroy();
      const call = request({ ...to, method, path, headers, agent: false });
      call.on('error', () => outgoing.destroy());
      call.on('response', async (response) => {
        const verdict = await judge({ method, path, target, when: 'after' });
        if (verdict === 'cut') {
          response.resume();
          return outgoing.destroy();
        }
        outgoing.writeHead(response.statusCode ?? 500, response.headers);
        outgoing.flushHeaders();
        response.on('error', () => outgoing.destroy());
        outgoing.on('close', () => response.destroy());
        return response.pipe(outgoing);
      });
      return call.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, resolve);
  });
  return {
    address: server.address(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Stands between an agent and an engine, by default this machine's. */
export async function startEngineProxy(socket: string, judge: Judge, socketPath = '/var/run/docker.sock') {
  const proxy = await startCallProxy(socket, { socketPath }, judge);
  return { ...proxy, dockerHost: `unix://${socket}` };
}

/** Stands between an agent and a control plane. */
export async function startControlProxy(url: string, judge: Judge) {
  const { hostname: host, port } = new URL(url);
  const proxy = await startCallProxy({ port: 0, host: '127.0.0.1' }, { host, port }, judge);
  const { address } = proxy;
  if (typeof address !== 'object' || address === null) throw new Error('The system gave no port.');
  return { ...proxy, url: `http://127.0.0.1:${address.port}` };
}
