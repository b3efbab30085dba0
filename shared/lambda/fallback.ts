import type { Operation } from '#contract/operation.ts';
import { type Problem, problem } from '#domain/problem.ts';
import { host, type Service } from '#runtime/service.ts';
import { type GatewayEvent, type GatewayHandler, requestIdOf } from './event.ts';
import { renderRefusal } from './refusal.ts';

const segmentsOf = (path: string): readonly string[] => path.split('/').slice(1);

/** Whether a path is one of an operation's: as many segments, each the same or a parameter that is not empty. */
function leadsTo({ path }: Operation, asked: readonly string[]): boolean {
  const segments = segmentsOf(path);
  return (
    segments.length === asked.length &&
    segments.every((segment, at) => (segment.startsWith('{') ? asked[at] !== '' : segment === asked[at]))
  );
}

function refusal(operations: readonly Operation[], method: string, path: string): Problem {
  const asked = segmentsOf(path);
  const methods = operations.filter((operation) => leadsTo(operation, asked)).map((operation) => operation.method);
  if (methods.length === 0) {
    return problem('route.not-found', 'There is no such path. GET /openapi.json lists all.');
  }
  const allow = [...new Set(methods)].sort().join(', ');
  return problem('method.not-allowed', `${method} is not known here; ${allow} is.`, { headers: { allow } });
}

/** Answers what no operation answers: 404, or 405 where only the method is another. */
export function fallback(
  operations: readonly Operation[],
): GatewayHandler & { readonly declares: { readonly services: readonly Service<unknown>[] } } {
  const handler = async (event: GatewayEvent) => {
    const { method, path } = event.requestContext.http;
    const requestId = requestIdOf(event);
    const refused = refusal(operations, method, path);
    host.log.info('request', { request_id: requestId, status: refused.status, code: refused.code });
    return renderRefusal(refused, requestId, {});
  };
  return Object.assign(handler, { declares: { services: [] } });
}
