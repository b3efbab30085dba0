/** Collects the names and values of a request's expressions: `status` and `name` are words that DynamoDB reserves. */
export interface Binder {
  name(path: string): string;
  value(value: unknown): string;
  /** What the request takes besides its expressions. */
  bindings(): {
    readonly ExpressionAttributeNames?: Record<string, string>;
    readonly ExpressionAttributeValues?: Record<string, unknown>;
  };
}

/** Makes the binder of one request. */
export function binder(): Binder {
  const names = new Map<string, string>();
  const values: Record<string, unknown> = {};
  const one = (part: string): string => {
    const known = names.get(part) ?? `#n${names.size}`;
    names.set(part, known);
    return known;
  };
  return {
    name: (path) => path.split('.').map(one).join('.'),
    value(value) {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = value;
      return placeholder;
    },
    bindings: () => ({
      ...(names.size > 0 && {
        ExpressionAttributeNames: Object.fromEntries([...names].map(([part, placeholder]) => [placeholder, part])),
      }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }),
  };
}

/** What must hold of a row for a write to happen. */
export type Condition = (bind: Binder) => string;

/** The row is there, or the attribute. */
export const exists =
  (path = 'pk'): Condition =>
  ({ name }) =>
    `attribute_exists(${name(path)})`;

/** The row is not there, or the attribute. */
export const absent =
  (path = 'pk'): Condition =>
  ({ name }) =>
    `attribute_not_exists(${name(path)})`;

/** The attribute compares so; false where it is absent. */
export const is =
  (path: string, operator: '=' | '<' | '<=' | '>' | '>=', value: unknown): Condition =>
  (bind) =>
    `${bind.name(path)} ${operator} ${bind.value(value)}`;

/** The attribute is a list that has this in it; false where it is absent. */
export const has =
  (path: string, value: unknown): Condition =>
  (bind) =>
    `contains(${bind.name(path)}, ${bind.value(value)})`;

/** The row has expired, though it is still there. */
export const expired = (now: number): Condition => is('expires_at', '<=', now / 1000);

/** The row is there and has not expired. */
export const unexpired = (now: number): Condition => is('expires_at', '>', now / 1000);

/** The attribute is below another attribute of the row. */
export const belowOwn =
  (path: string, other: string): Condition =>
  ({ name }) =>
    `${name(path)} < ${name(other)}`;

/** All hold. */
export const all =
  (...conditions: readonly Condition[]): Condition =>
  (bind) =>
    conditions.map((condition) => `(${condition(bind)})`).join(' AND ');

/** One holds. */
export const any =
  (...conditions: readonly Condition[]): Condition =>
  (bind) =>
    conditions.map((condition) => `(${condition(bind)})`).join(' OR ');

/** What an update does: `set` to undefined removes, `keep` sets what is absent, `add` counts from 0. */
export interface Change {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly keep?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, number>>;
}

/** The update expression of a change. */
export function updateExpression({ set = {}, keep = {}, add = {} }: Change, bind: Binder): string {
  const assigned = Object.entries(set).filter(([, value]) => value !== undefined);
  const removed = Object.entries(set).filter(([, value]) => value === undefined);
  const sets = [
    ...assigned.map(([path, value]) => `${bind.name(path)} = ${bind.value(value)}`),
    ...Object.entries(keep).map(
      ([path, value]) => `${bind.name(path)} = if_not_exists(${bind.name(path)}, ${bind.value(value)})`,
    ),
  ];
  const adds = Object.entries(add)
    .filter(([, by]) => by !== 0)
    .map(([path, by]) => `${bind.name(path)} ${bind.value(by)}`);
  return [
    sets.length > 0 && `SET ${sets.join(', ')}`,
    removed.length > 0 && `REMOVE ${removed.map(([path]) => bind.name(path)).join(', ')}`,
    adds.length > 0 && `ADD ${adds.join(', ')}`,
  ]
    .filter(Boolean)
    .join(' ');
}
