import type { Reply } from './reply.ts';

/** What API Gateway is configured with; it answers preflights itself, and adds its headers to every answer. */
export interface Cors {
  /** `https://console.example.com`, `*`, or with any port: `http://localhost:*`. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

/** Answers preflights, and says which headers an answer to an origin gets. */
export function createCors(cors: Cors) {
  const origins = new Set(cors.origins);
  const anyPort = cors.origins.filter((origin) => origin.endsWith(':*')).map((origin) => origin.slice(0, -2));
  const anyOrigin = origins.has('*');

  const allowed = (origin: string) =>
    anyOrigin ||
    origins.has(origin) ||
    anyPort.some(
      (base) => origin === base || (origin.startsWith(`${base}:`) && /^\d{1,5}$/.test(origin.slice(base.length + 1))),
    );
  const allowOrigin = (origin: string) => ['access-control-allow-origin', anyOrigin ? '*' : origin];
  const vary = anyOrigin ? [] : ['vary', 'Origin'];
  const exposed = ['access-control-expose-headers', cors.exposeHeaders.join(',')];

  return {
    /** The answer to a preflight (Fetch, 3.2.2); undefined for anything else. */
    preflight(method: string | undefined, headers: Readonly<Record<string, string>>): Reply | undefined {
      if (method !== 'OPTIONS' || headers.origin === undefined) return undefined;
      if (headers['access-control-request-method'] === undefined) return undefined;
      if (!allowed(headers.origin)) return { status: 204, headers: vary, body: '' };
      return {
        status: 204,
        headers: [
          ...allowOrigin(headers.origin),
          'access-control-allow-methods',
          cors.methods.join(','),
          'access-control-allow-headers',
          cors.allowHeaders.join(','),
          'access-control-max-age',
          String(cors.maxAgeSeconds),
          ...vary,
        ],
        body: '',
      };
    },

    /** The headers to add to an answer. */
    headersFor(origin: string | undefined): readonly string[] {
      if (origin === undefined) return [];
      return allowed(origin) ? [...allowOrigin(origin), ...exposed, ...vary] : vary;
    },
  };
}
