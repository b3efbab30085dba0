import * as z from 'zod';
import type { Operation } from '#contract/operation.ts';
import { type InvalidMember, problem } from '#domain/problem.ts';
import { readBody } from './body.ts';
import type { GatewayEvent } from './event.ts';
import { invalidMembers } from './invalid.ts';

/** What a request says, as its operation's schemas have it. */
export interface Given {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const defaultBodyLimitBytes = 65_536;
const nothing = z.strictObject({});

function queryOf(event: GatewayEvent): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(event.rawQueryString)) {
    if (Object.hasOwn(query, name)) {
      const errors = [{ path: `query.${name.slice(0, 64)}`, message: 'must be given once' }];
      throw problem('request.invalid', `The query parameter "${name.slice(0, 64)}" is there twice.`, { errors });
    }
    Object.defineProperty(query, name, { value, enumerable: true, configurable: true });
  }
  return query;
}

/** One sentence about all that is wrong. */
export function invalid(errors: readonly InvalidMember[]): Error {
  const [first] = errors;
  const more = errors.length > 1 ? ` ${errors.length - 1} more: see \`errors\`.` : '';
  return problem('request.invalid', `${first?.path} ${first?.message}.${more}`, { errors });
}

/** Reads and validates a request: everything that is wrong with it is said at once. */
export function readInput(operation: Operation, event: GatewayEvent): Given {
  const hasBody = operation.method !== 'GET';
  const parts = [
    ['path', operation.params, event.pathParameters ?? {}],
    ['query', operation.query, queryOf(event)],
    [
      'body',
      operation.body ?? nothing,
      hasBody ? readBody(event, operation.bodyLimitBytes ?? defaultBodyLimitBytes) : {},
    ],
  ] as const;
  const errors: InvalidMember[] = [];
  const [params, query, body] = parts.map(([root, schema, value]): unknown => {
    const parsed = schema.safeParse(value, { reportInput: true });
    if (!parsed.success) errors.push(...invalidMembers(root, schema, parsed.error));
    return parsed.data;
  });
  if (errors.length > 0) throw invalid(errors);
  return { params, query, body: operation.body && withoutIgnored(operation, body) };
}

/** Members that a `PUT` takes and ignores never reach the function. */
function withoutIgnored(operation: Operation, body: unknown): unknown {
  const ignored = operation.readOnly?.ignored ?? [];
  if (ignored.length === 0 || typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !ignored.includes(name)));
}
