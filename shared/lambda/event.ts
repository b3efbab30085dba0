import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** What API Gateway hands to a function: payload format 2.0. */
export type GatewayEvent = APIGatewayProxyEventV2;

/** What a function answers to API Gateway. */
export interface GatewayReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A function as Lambda and the local gateway call it. */
export type GatewayHandler = (event: GatewayEvent, context: Context) => Promise<GatewayReply>;

/** A header of a request; names are lower case in payload format 2.0. */
export const headerOf = (event: GatewayEvent, name: string): string | undefined => event.headers[name];

const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** The id of a request: the caller's own `X-Request-Id` if it is a plain word, else the gateway's. */
export function requestIdOf(event: GatewayEvent): string {
  const given = headerOf(event, 'x-request-id');
  return given !== undefined && acceptable.test(given) ? given : event.requestContext.requestId;
}

/** The address under which the caller reached us: the configured one, else that of the request. */
export function publicUrlOf(event: GatewayEvent, configured: string | undefined): string {
  if (configured !== undefined) return configured.replace(/\/+$/, '');
  const scheme = headerOf(event, 'x-forwarded-proto') === 'http' ? 'http' : 'https';
  return `${scheme}://${headerOf(event, 'host') ?? event.requestContext.domainName}`;
}
