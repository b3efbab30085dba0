import { createServer, request } from 'node:http';

/** A call of the agent to its engine. */
export interface EngineCall {
  readonly method: string;
  readonly path: string;
  /** Before it reaches the engine, or after the engine has answered and before the agent hears of it. */
  readonly when: 'before' | 'after';
}

/** What becomes of a call: it goes on, or nobody ever learns of its end. */
export type Verdict = 'go on' | 'cut';

/** Stands between an agent and the engine: what it forwards is real, what it cuts is lost. */
export async function startEngineProxy(
  socket: string,
  judge: (call: EngineCall) => Promise<Verdict> | Verdict,
  target = '/var/run/docker.sock',
) {
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    // The agent's death is not the call's: the engine gets it all the same.
    incoming.on('error', () => undefined);
    incoming.on('end', async () => {
      if ((await judge({ method, path, when: 'before' })) === 'cut') return outgoing.destroy();
      const call = request({ socketPath: target, method, path, headers: incoming.headers, agent: false });
      call.on('error', () => outgoing.destroy());
      call.on('response', async (response) => {
        const verdict = await judge({ method, path, when: 'after' });
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
    server.listen(socket, resolve);
  });
  return {
    dockerHost: `unix://${socket}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
