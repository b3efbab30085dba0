import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Identifiers } from './identifiers.ts';
import type { RouteMatch } from './routes.ts';

// "Payload format 2.0": https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// What that page leaves open follows what others have measured on API Gateway; local/FIDELITY.md says which.

/** The parts of a request target, decoded as API Gateway decodes them; undefined where it answers 400. */
export interface Target {
  readonly path: string;
  readonly rawQuery: string;
}

/**
 * API Gateway decodes the path before it routes (so an encoded slash is a slash), and cuts it at a decoded question
 * mark.
 */
export function targetOf(url: string): Target | undefined {
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
  if (!rawPath.includes('%')) return { path: rawPath, rawQuery };
  try {
    const decoded = decodeURIComponent(rawPath);
    const cut = decoded.indexOf('?');
    return { path: cut === -1 ? decoded : decoded.slice(0, cut), rawQuery };
  } catch {
    return undefined;
  }
}

/** Headers of one hop: nobody behind the gateway is concerned by them, and nobody signs them. */
const ofOneHop = new Set(['connection', 'keep-alive', 'upgrade', 'te', 'expect']);

/** Header names in lower case, repeated ones joined with a comma, without those of one hop but the body's framing. */
export function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    if (ofOneHop.has(name)) continue;
    if (Object.hasOwn(headers, name)) headers[name] = `${headers[name]},${value}`;
    else if (name === '__proto__')
      Object.defineProperty(headers, name, { value, enumerable: true, configurable: true });
    else headers[name] = value;
  }
  return headers;
}

/** Values decoded, repeated ones joined with a comma; undefined without any. */
export function queryOf(rawQuery: string): Record<string, string> | undefined {
  if (rawQuery === '') return undefined;
  const values = new Map<string, string>();
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeForm(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodeForm(pair.slice(equals + 1));
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return values.size === 0 ? undefined : Object.fromEntries(values);
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** What only these types are: everything else, and a body without a type, reaches the function in base64. */
const textual = /^(?:text\/|application\/(?:json|javascript|xml)\s*(?:;|$))/i;

/** What {@link eventOf} is made from. */
export interface EventSource {
  readonly request: IncomingMessage;
  readonly headers: Record<string, string>;
  readonly target: Target;
  readonly match: RouteMatch | undefined;
  readonly body: Buffer | undefined;
  readonly port: number;
  /** How many reverse proxies stand before the gateway, each of which adds whom it was asked by to `X-Forwarded-For`. */
  readonly proxies: number;
  readonly now: number;
  readonly identifiers: Identifiers;
}

/** Makes the event that a function is called with. Takes `headers` over. */
export function eventOf(source: EventSource): APIGatewayProxyEventV2 {
  const { request, headers, target, match, body, now, identifiers } = source;
  const routeKey = match?.routeKey ?? '$default';
  const peer = addressOf(request.socket.remoteAddress);
  const domainName = hostName(headers.host ?? '');
  const { cookie } = headers;
  const forwarded = headers['x-forwarded-for'];
  const sourceIp = callerOf(forwarded, peer, source.proxies);
  if (cookie !== undefined) delete headers.cookie; // The event carries them apart.
  if ('transfer-encoding' in headers) delete headers['transfer-encoding'];
  headers['x-amzn-trace-id'] = identifiers.traceHeader;
  headers['x-forwarded-for'] = forwarded === undefined ? peer : `${forwarded}, ${peer}`;
  headers['x-forwarded-port'] = String(source.port);
  headers['x-forwarded-proto'] = 'http';

  const event: APIGatewayProxyEventV2 = {
    version: '2.0',
    routeKey,
    rawPath: target.path,
    rawQueryString: target.rawQuery,
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.', 1)[0] ?? '',
      http: {
        method: request.method ?? 'GET',
        path: target.path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: identifiers.requestId,
      routeKey,
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now,
    },
    isBase64Encoded: body !== undefined && !textual.test(headers['content-type'] ?? ''),
  };
  // Absent rather than empty, as API Gateway has them.
  const query = queryOf(target.rawQuery);
  if (cookie !== undefined) event.cookies = cookie.split(/;\s*/).filter((part) => part !== '');
  if (query) event.queryStringParameters = query;
  if (match?.pathParameters) event.pathParameters = match.pathParameters;
  if (body) event.body = body.toString(event.isBase64Encoded ? 'base64' : 'utf8');
  return event;
}

/** Whom the first of the proxies was asked by. What stands before that in the header anybody may have written. */
function callerOf(forwarded: string | undefined, peer: string, proxies: number): string {
  const address = forwarded?.split(',').at(-proxies)?.trim() ?? '';
  return proxies > 0 && isIP(address) !== 0 ? addressOf(address) : peer;
}

/** A `Host` header without its port. */
export function hostName(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
}

/** An address without the prefix that a dual-stack socket gives to IPv4 (RFC 4291, 2.5.5.2). */
export const addressOf = (address: string | undefined): string =>
  address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const clf = { second: -1, text: '' };

/** The common log format's time, made once a second. */
function clfTime(now: number): string {
  const second = Math.floor(now / 1000);
  if (clf.second !== second) {
    const iso = new Date(second * 1000).toISOString();
    const month = months[Number(iso.slice(5, 7)) - 1];
    clf.second = second;
    clf.text = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  }
  return clf.text;
}
