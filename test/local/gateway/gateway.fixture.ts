import { request } from 'node:http';
import { connect } from 'node:net';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Handler } from '#local/gateway/functions.ts';
import { type Gateway, type GatewayOptions, startGateway } from '#local/gateway.ts';

const cors = {
  origins: ['http://localhost:*', 'https://console.example.com'],
  methods: ['GET', 'POST'],
  allowHeaders: ['authorization', 'content-type'],
  exposeHeaders: ['etag', 'link'],
  maxAgeSeconds: 600,
};

const routes = [
  { id: 'things.create', method: 'POST', path: '/things' },
  { id: 'things.get', method: 'GET', path: '/things/{thing_id}' },
  { id: 'things.newest', method: 'GET', path: '/things/newest' },
];

/** A gateway whose functions are those given, by operation. */
export async function gatewayOf(
  handlers: Readonly<Record<string, (event: APIGatewayProxyEventV2) => unknown>>,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway & AsyncDisposable & { readonly errors: string[] }> {
  const errors: string[] = [];
  const gateway = await startGateway({
    port: 0,
    host: '127.0.0.1',
    routes,
    load: async (operationId) => {
      const handler = handlers[operationId];
      if (!handler) throw new Error(`no function ${operationId}`);
      return (async (event: APIGatewayProxyEventV2) => handler(event)) as Handler;
    },
    cors,
    allowedHosts: ['pilot.example.com'],
    onError: (what) => errors.push(what),
    ...options,
  });
  return { ...gateway, errors, [Symbol.asyncDispose]: () => gateway.close(0) };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request by node:http, which sends the headers and the path as they are given. */
export function ask(
  gateway: Gateway,
  path: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ port: gateway.port, host: '127.0.0.1', path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends bytes as they are, and reads until the gateway closes the connection. */
export function askRaw(gateway: Gateway, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
