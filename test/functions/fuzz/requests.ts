import type { Operation } from '#contract/operation.ts';

// Requests that follow from the contract and a seed: right ones, changed at random in every place that a caller has.

/** A request as it is sent. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Who calls, and what is there. */
export interface Surroundings {
  /** Of a user, and of a node. */
  readonly tokens: { readonly user: string; readonly node: string };
  readonly ids: Readonly<Record<string, string>>;
}

const strings = [
  '',
  ' ',
  '0',
  'null',
  '../../etc/passwd',
  "' OR 1=1 --",
  '$(reboot)',
  '`id`',
  '%00',
  '\u0000',
  '\u202e',
  'ä\u0301😀',
  '#ORG#x',
  'MEMBER#',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  'ａｄｍｉｎ@example.com',
  '2026-02-30T25:61:61Z',
  '99999999999999999999',
  '-1',
  '1e9',
  'NaN',
];
const values: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  { a: { b: { c: [] } } },
  Array(300).fill('x'),
  ...strings,
];
/** Texts that no JSON writer makes. */
const texts = [
  '',
  '{',
  '[]',
  '"x"',
  '{"a":1,}',
  '{"__proto__":{}}',
  '{"a":1e400}',
  '{"a":"\\ud800"}',
  '\ufeff{}',
  '\u0000',
];

/** Makes requests from numbers between 0 and 1. */
export function fuzzer(operations: readonly Operation[], { tokens, ids }: Surroundings, random: () => number) {
  const chance = (part: number) => random() < part;
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;

  /** The same value, with some of what is in it exchanged, left out or added. */
  function changed(value: unknown, part: number): unknown {
    if (chance(part)) return one(values);
    if (Array.isArray(value)) return value.flatMap((inner) => (chance(part) ? [] : [changed(inner, part)]));
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).flatMap(([name, inner]) =>
      chance(part) ? [] : [[name, changed(inner, part)] as const],
    );
    return Object.fromEntries(chance(part) ? [...members, [one(strings), one(values)] as const] : members);
  }

  function bodyOf(operation: Operation): string | undefined {
    if (operation.method === 'GET' || chance(0.03)) return undefined;
    if (chance(0.05)) return one(texts);
    const example = one(Object.values(operation.examples))?.body;
    if (typeof example !== 'object' || example === null) return chance(0.8) ? undefined : JSON.stringify(one(values));
    const real = Object.fromEntries(
      Object.entries(example).map(([name, value]) => [name, name in ids && chance(0.9) ? ids[name] : value]),
    );
    const text = JSON.stringify(changed(real, one([0, 0.05, 0.3])));
    return chance(0.02) ? text.slice(0, Math.floor(random() * text.length)) : text;
  }

  function headersOf(operation: Operation): Record<string, string> {
    const right = operation.audience === 'node' ? tokens.node : tokens.user;
    const token = chance(0.97) ? right : one(Object.values(tokens));
    const always = operation.waits ? { prefer: one(['respond-async', 'wait=0', 'respond-async, wait=0']) } : {};
    return {
      ...always,
      ...(chance(0.95) && { 'content-type': one(['application/json', 'application/json; charset=utf-8']) }),
      ...(chance(0.03) && { 'content-type': one(['text/plain', 'application/xml', '', 'application/json;;']) }),
      ...(chance(0.97) && { authorization: `Bearer ${token}` }),
      ...(chance(0.03) && { authorization: one(['Bearer', 'Bearer a.b.c', 'Basic YTpi', `bearer ${token}x`]) }),
      ...(chance(0.1) && { 'idempotency-key': one(['k', 'a'.repeat(64), 'a'.repeat(300), '"', ' ']) }),
      ...(chance(0.1) && { 'if-match': one(['*', '"1"', 'W/"1"', '1', '"x", "y"', '""']) }),
      ...(operation.waits && chance(0.05) && { prefer: one(['wait=-1', 'wait=', 'wait=x', 'wait=0;foo']) }),
      ...(chance(0.05) && { 'x-request-id': one(['r', 'a'.repeat(300)]) }),
    };
  }

  function queryOf(operation: Operation): string {
    const names = [...Object.keys(operation.query.shape), 'limit', 'cursor', '__proto__', 'x'];
    const pairs = Array.from({ length: one([0, 0, 1, 2, 3]) }, () => {
      const value = one([...strings, '1', '10', 'true', '2026-01-01T00:00:00Z', 'bGl2ZSNh']);
      return `${encodeURIComponent(one(names))}=${chance(0.05) ? '%' : encodeURIComponent(value)}`;
    });
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  }

  return (): FuzzedRequest & { readonly operation: Operation } => {
    const operation = one(operations);
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(chance(0.9) ? (ids[name] ?? 'x') : one(strings) || 'x'),
    );
    const request = { method: operation.method, path: path + queryOf(operation) };
    return { operation, ...request, headers: headersOf(operation), body: bodyOf(operation) };
  };
}
