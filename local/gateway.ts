import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from './gateway/body.ts';
import { type Cors, createCors } from './gateway/cors.ts';
import { eventOf, headersOf, targetOf } from './gateway/event.ts';
import { createFunctions, type Load, timedOut } from './gateway/functions.ts';
import { createHostCheck } from './gateway/hosts.ts';
import { createIdentifiers } from './gateway/identifiers.ts';
import { hostRefused, refuseUnreadable, tooLarge } from './gateway/refusals.ts';
import { ownReply, type Reply, replyOf, withHeaders } from './gateway/reply.ts';
import { createRouter, type Route } from './gateway/routes.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const bodyLimitBytes = 10_485_760;
const headerLimitBytes = 10_240;
const integrationTimeoutMs = 30_000;

/** The AWS services that answer on the gateway's port. */
export interface AwsServices {
  /** Whether a request is for one of them, by its headers. */
  owns(headers: Readonly<Record<string, string>>): boolean;
  handle(request: {
    method: string;
    path: string;
    headers: Readonly<Record<string, string>>;
    body: Buffer;
  }): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string | Buffer }>;
}

/** What {@link startGateway} needs. */
export interface GatewayOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly routes: readonly Route[];
  /** The operation behind the route `$default`. Without one, unknown routes are `{"message":"Not Found"}`. */
  readonly fallback?: string;
  readonly load: Load;
  readonly aws?: AwsServices;
  readonly cors: Cors;
  /** Host names besides those of this machine's loopback. */
  readonly allowedHosts: readonly string[];
  /** How many reverse proxies stand before it. @default 0 */
  readonly proxies?: number;
  /** Awaited before an answer is sent. If it throws, the answer is 500. */
  readonly onReply?: (operationId: string, event: unknown, result: unknown) => Promise<void> | undefined;
  /** What went wrong inside, for the log. */
  readonly onError: (what: string, error: unknown) => void;
  readonly timeoutMs?: number;
}

/** A gateway that answers. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets those under way finish within the grace, and closes. */
  close(graceMs?: number): Promise<void>;
}

// As much as Linux lets it be by itself (net.core.somaxconn). Whoever finds Node's own 511 taken tries again after 1, 3,
// 7 seconds: a thousand that come at once would keep everybody else waiting that long.
const backlog = 4096;

/** API Gateway's HTTP API on one port of this machine, with the functions in this process. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { onReply, onError, aws, proxies = 0 } = options;
  const route = createRouter(options.routes);
  const functions = createFunctions({ load: options.load, timeoutMs: options.timeoutMs ?? integrationTimeoutMs });
  const hostIsOurs = createHostCheck([...options.allowedHosts, options.host]);
  const cors = createCors(options.cors);
  const identify = createIdentifiers();
  let port = options.port;
  let closing = false;
  let underWay = 0;
  const { promise: drained, resolve: setDrained } = Promise.withResolvers<void>();

  function answer(request: IncomingMessage): Reply | Promise<Reply> {
    const headers = headersOf(request.rawHeaders);
    if (!hostIsOurs(headers.host, request.socket)) return hostRefused(headers.host);
    if (aws?.owns(headers)) return callAws(aws, request, headers);
    const { origin } = headers;
    if (origin === undefined) return callFunction(request, headers);
    return (
      cors.preflight(request.method, headers) ??
      callFunction(request, headers).then((reply) => withHeaders(reply, cors.headersFor(origin)))
    );
  }

  async function callFunction(request: IncomingMessage, headers: Record<string, string>): Promise<Reply> {
    const target = targetOf(request.url ?? '/');
    if (!target) return ownReply(400, 'Bad Request');
    const match = route(request.method ?? 'GET', target.path);
    const operationId = match?.route.id ?? options.fallback;
    const reading = readBody(request, headers, bodyLimitBytes);
    const body = reading instanceof Promise ? await reading : reading;
    if (body === 'too-large') return tooLarge;
    if (operationId === undefined) return ownReply(404, 'Not Found');

    const now = Date.now();
    const identifiers = identify(now);
    const event = eventOf({ request, headers, target, match, body, port, proxies, now, identifiers });
    const requestId = ['apigw-requestid', identifiers.requestId];
    try {
      const result = await functions.call(operationId, event, identifiers.awsRequestId);
      if (result === timedOut) return ownReply(503, 'Service Unavailable', requestId);
      const kept = onReply?.(operationId, event, result);
      if (kept) await kept;
      const reply = replyOf(result);
      if (reply) return withHeaders(reply, requestId);
      onError(`${operationId} returned what API Gateway can't use`, result);
    } catch (error) {
      onError(`${operationId} failed`, error);
    }
    return ownReply(500, 'Internal Server Error', requestId);
  }

  const server = createServer(
    { maxHeaderSize: headerLimitBytes, keepAliveTimeout: 75_000 },
    async (request, response) => {
      underWay += 1;
      try {
        const reply = await answer(request);
        send(response, closing ? withHeaders(reply, ['connection', 'close']) : reply);
      } catch (error) {
        if (request.destroyed && !request.complete) return; // The client has gone: nobody is left to be answered.
        onError(`${request.method} ${request.url} failed`, error);
        if (response.headersSent) response.destroy();
        else send(response, ownReply(500, 'Internal Server Error'));
      } finally {
        underWay -= 1;
        if (closing && underWay === 0) setDrained();
      }
    },
  );
  server.on('clientError', refuseUnreadable);

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog }, resolve);
  });
  ({ port } = server.address() as AddressInfo);

  return {
    url: `http://${hostInUrl(options.host)}:${port}`,
    port,
    async close(graceMs = 2_000) {
      closing = true;
      const { promise: late, resolve: setLate } = Promise.withResolvers<void>();
      const timer = setTimeout(setLate, graceMs);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      // A function goes on when its caller has gone, so it isn't enough that all connections are closed.
      if (underWay > 0) await Promise.race([drained, late]);
      await Promise.race([closed, late]);
      clearTimeout(timer);
      server.closeAllConnections();
      await closed;
    },
  };
}

async function callAws(aws: AwsServices, request: IncomingMessage, headers: Record<string, string>): Promise<Reply> {
  const body = await readBody(request, headers, bodyLimitBytes);
  if (body === 'too-large') return tooLarge;
  const reply = await aws.handle({
    method: request.method ?? 'POST',
    path: request.url ?? '/',
    headers,
    body: body ?? Buffer.alloc(0),
  });
  return { status: reply.status, headers: Object.entries(reply.headers).flat(), body: reply.body };
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = status === 204 || status === 304 ? [] : ['content-length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...headers, ...length]);
  response.end(body);
}

/** How a host is written in a URL that this machine can call: the wildcard addresses mean all interfaces. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
