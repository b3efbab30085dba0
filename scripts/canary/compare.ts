import type { Step } from './tour.ts';

/** A member whose value is another on every installation. */
const volatile: Readonly<Record<string, string>> = {
  access_token: '<secret>',
  token: '<secret>',
  secret_access_key: '<secret>',
  access_key_id: '<secret>',
  session_token: '<secret>',
  command: '<command>',
  request_id: '<id>',
  generation: '<number>',
};
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g;

/** What has to be the same wherever a tour goes: ids by the order in which they were met, no times, no secrets. */
export function comparable(
  steps: readonly Step[],
  own: { readonly tag: string; readonly url: string },
): readonly Step[] {
  const met = new Map<string, string>();
  const named = (id: string): string => {
    if (!met.has(id)) met.set(id, `<id ${met.size + 1}>`);
    return met.get(id) ?? id;
  };
  const text = (value: string): string => {
    const plain = value.replaceAll(uuid, named).replaceAll(time, '<time>');
    return plain.replaceAll(own.url, '<url>').replaceAll(own.tag, '<tag>');
  };
  const walk = (value: unknown, name = ''): unknown => {
    const fixed = volatile[name];
    if (fixed !== undefined && value !== null) return fixed;
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map((one) => walk(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, key)]));
  };
  return steps.map(({ step, status, body }) => ({ step, status, body: long(walk(body)) }));
}

/** Documents and programs are compared by their beginnings. */
const long = (body: unknown): unknown => (typeof body === 'string' ? body.slice(0, 40) : body);

/** A place where two tours differ. */
export interface Difference {
  readonly step: string;
  /** `status`, or where in the body. */
  readonly path: string;
  readonly here: unknown;
  readonly there: unknown;
}

/** Where two tours differ, but for what `expected` names by path. */
export function differences(
  here: readonly Step[],
  there: readonly Step[],
  expected: readonly RegExp[] = [],
): readonly Difference[] {
  const found: Difference[] = [];
  const compare = (step: string, path: string, one: unknown, other: unknown): void => {
    if (Object.is(one, other) || expected.some((known) => known.test(path))) return;
    if (typeof one === 'object' && typeof other === 'object' && one !== null && other !== null) {
      const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
      for (const key of keys) {
        compare(step, `${path}.${key}`, Reflect.get(one, key), Reflect.get(other, key));
      }
      return;
    }
    found.push({ step, path, here: one, there: other });
  };
  for (let at = 0; at < Math.max(here.length, there.length); at += 1) {
    const [one, other] = [here[at], there[at]];
    const step = one?.step ?? other?.step ?? '';
    compare(step, 'status', one?.status, other?.status);
    compare(step, 'body', one?.body, other?.body);
  }
  return found;
}
