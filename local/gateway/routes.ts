/** A route of the HTTP API: the function that serves it is named by `id`. */
export interface Route {
  readonly id: string;
  readonly method: string;
  /** `/org/{org_id}/nodes`; a parameter is a whole segment. */
  readonly path: string;
}

/** The route that a request takes, with its path parameters. */
export interface RouteMatch {
  readonly route: Route;
  readonly routeKey: string;
  readonly pathParameters?: Record<string, string>;
}

interface Template {
  readonly match: RouteMatch;
  readonly segments: readonly { readonly literal?: string; readonly parameter?: string }[];
}

/**
 * Chooses the route of a request as API Gateway does: a full match first, then templates, the one with the earlier
 * literal segment first. A parameter takes one segment that is not empty. Trailing slashes count.
 */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => RouteMatch | undefined {
  const exact = new Map<string, RouteMatch>();
  const templates = new Map<string, Template[]>();

  for (const route of routes) {
    const routeKey = `${route.method} ${route.path}`;
    const segments = route.path.split('/').map(segmentOf);
    if (exact.has(routeKey)) throw new Error(`Two operations are routed at ${routeKey}.`);
    if (!segments.some(({ parameter }) => parameter !== undefined)) {
      exact.set(routeKey, { route, routeKey });
      continue;
    }
    const key = `${route.method} ${segments.length}`;
    const known = templates.get(key) ?? [];
    if (known.some((other) => shapeOf(other) === shapeOf({ segments }))) {
      throw new Error(`Two operations are routed at ${routeKey}.`);
    }
    known.push({ match: { route, routeKey }, segments });
    templates.set(
      key,
      known.sort((a, b) => (shapeOf(a) < shapeOf(b) ? -1 : 1)),
    );
  }

  return (method, path) => {
    const full = exact.get(`${method} ${path}`);
    if (full) return full;
    const parts = path.split('/');
    for (const template of templates.get(`${method} ${parts.length}`) ?? []) {
      const pathParameters = parametersOf(template, parts);
      if (pathParameters) return { ...template.match, pathParameters };
    }
    return undefined;
  };
}

function segmentOf(segment: string): { literal?: string; parameter?: string } {
  const parameter = /^\{([A-Za-z0-9._:-]+)\}$/.exec(segment)?.[1];
  if (parameter !== undefined) return { parameter };
  if (/[{}]/.test(segment)) throw new Error(`The local gateway has no routes with "${segment}".`);
  return { literal: segment };
}

/** Sorts literals before parameters, from the left. */
const shapeOf = ({ segments }: Pick<Template, 'segments'>) =>
  segments.map(({ literal }) => (literal === undefined ? '\uffff' : literal)).join('/');

function parametersOf({ segments }: Template, parts: readonly string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [at, { literal, parameter }] of segments.entries()) {
    const part = parts[at] ?? '';
    if (parameter === undefined) {
      if (part !== literal) return undefined;
    } else {
      if (part === '') return undefined;
      found[parameter] = part;
    }
  }
  return found;
}
