import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the wire is: whole; nothing gets through; what is asked gets through, and its answer does not. */
export type WireState = 'whole' | 'cut' | 'deaf';

/** What lies between an agent and the control plane. */
export interface Wire extends AsyncDisposable {
  readonly url: string;
  become(state: WireState): void;
}

/** Lays a wire to an address. What is under way when it breaks is broken off. */
export async function layWire(host: string, target: () => string): Promise<Wire> {
  let state: WireState = 'whole';
  const server = createServer((asked, reply) => {
    reply.on('error', () => undefined);
    if (state === 'cut') return void reply.destroy();
    return pass(asked, reply);
  });

  function pass(asked: IncomingMessage, reply: ServerResponse): void {
    const { hostname, port } = new URL(target());
    // The Host header is a part of what is signed: it goes on as it came.
    const options = { hostname, port, path: asked.url, method: asked.method, headers: asked.headers };
    const onward = request({ ...options, agent: false }, (answer) => {
      if (state !== 'whole') {
        answer.resume();
        return void reply.destroy();
      }
      answer.on('error', () => reply.destroy());
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      return void answer.pipe(reply);
    });
    onward.on('error', () => reply.destroy());
    asked.on('error', () => undefined);
    asked.pipe(onward);
  }

  server.listen(0, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    become(next) {
      state = next;
      if (next === 'cut') server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
