import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

async function listen(server: Server, host: string) {
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Hands a call on as it is, and its answer back. */
function passOn(call: IncomingMessage, reply: ServerResponse, to: { host: string; port: number; path: string }): void {
  const onward = request({ ...to, method: call.method ?? 'GET', headers: call.headers }, (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  onward.on('error', () => reply.destroy());
  call.pipe(onward);
}

/** A reverse proxy with TLS, as people put one before local mode; its certificate is its own authority's. */
export async function startReverseProxy(host: string, port: () => number, folder: string) {
  const [keyPath, caPath] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const subject = ['-subj', '/CN=Runner Pilot', '-addext', `subjectAltName=IP:${host}`, '-days', '1'];
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    keyPath,
    '-out',
    caPath,
  ];
  await promisify(execFile)('openssl', ['req', '-x509', ...made, ...subject]);
  const server = createHttpsServer({ key: await readFile(keyPath), cert: await readFile(caPath) }, (call, reply) =>
    passOn(call, reply, { host, port: port(), path: call.url ?? '/' }),
  );
  return { caPath, ...(await listen(server, host)) };
}

/** A forward proxy, as companies have one; it remembers where it was asked to go. */
export async function startForwardProxy(host: string) {
  const targets = new Set<string>();
  const server = createHttpServer((call, reply) => {
    const { hostname, port, pathname, search } = new URL(call.url ?? '');
    targets.add(`${hostname}:${port}`);
    passOn(call, reply, { host: hostname, port: Number(port), path: pathname + search });
  });
  server.on('connect', (call, socket, head) => {
    targets.add(call.url ?? '');
    const { hostname, port } = new URL(`http://${call.url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  return { targets, ...(await listen(server, host)) };
}
