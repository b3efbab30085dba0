import { randomBytes } from 'node:crypto';
import { operations } from '#contract/operations.ts';
import recorded from './gateway-event.json' with { type: 'json' };

// Independent of the local gateway on purpose: what is compared must not come from one place.

/** A request as `fetch` is given it. */
export interface GatewayRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What API Gateway makes of a request: the event, and the function that gets it. */
export function gatewayEvent({ method, url, headers, body }: GatewayRequest): { id: string; event: unknown } {
  const matched = operations
    .filter((operation) => operation.method === method)
    .flatMap(({ id, path }) => {
      const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)').replaceAll('.', '\\.')}$`);
      const groups = pattern.exec(decodeURIComponent(url.pathname));
      return groups ? [{ id, path, pathParameters: { ...groups.groups } }] : [];
    });
  // "The most specific match": an installer's path has no parameters, whatever else might fit.
  const best = matched.toSorted((one, other) => length(one.pathParameters) - length(other.pathParameters))[0];
  const routeKey = best ? `${method} ${best.path}` : '$default';
  const query = Object.fromEntries(url.searchParams);
  const now = Date.now();
  const event = {
    ...recorded,
    routeKey,
    rawPath: decodeURIComponent(url.pathname),
    rawQueryString: url.search.slice(1),
    headers: { ...recorded.headers, ...headers },
    ...(length(query) > 0 && { queryStringParameters: query }),
    ...(best && length(best.pathParameters) > 0 && { pathParameters: best.pathParameters }),
    requestContext: {
      ...recorded.requestContext,
      routeKey,
      requestId: `${randomBytes(11).toString('base64url')}=`,
      timeEpoch: now,
      http: { ...recorded.requestContext.http, method, path: decodeURIComponent(url.pathname) },
    },
    ...(body !== undefined && { body }),
  };
  return { id: best?.id ?? 'system.fallback', event };
}

const length = (record: object): number => Object.keys(record).length;
