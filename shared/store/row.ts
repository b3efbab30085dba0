import type * as z from 'zod';
import { problem } from '#domain/problem.ts';
import { duePartition, type Key } from './keys.ts';

/** A row as the table has it. */
export type Row = Readonly<Record<string, unknown>> & Key;

/** What a row may have besides its entity: when it may go (epoch milliseconds), when it must be looked at. */
export interface RowOptions {
  readonly expires_at?: number | undefined;
  readonly due?: number | undefined;
}

/** The attributes that put a row into the index, or take it out. */
export const dueAttributes = (due: number | undefined): Readonly<Record<string, unknown>> => ({
  due,
  due_index: due === undefined ? undefined : duePartition,
});

/** DynamoDB takes epoch seconds; rounded up, so that nothing goes early. */
export const ttlSeconds = (epochMs: number): number => Math.ceil(epochMs / 1000);

/** Whether a row has expired: it may still be there for days. */
export const isExpired = (row: Readonly<Record<string, unknown>>, now: number): boolean =>
  typeof row.expires_at === 'number' && row.expires_at * 1000 <= now;

/** How an entity is written into rows, and read from them. */
export interface RowType<T> {
  write(key: Key, entity: T, options?: RowOptions): Row;
  read(row: Row): T;
}

/**
 * A kind of row. Each upgrade turns a row of one version into one of the next, the first from 1 to 2; what is read went
 * through all that it needs, and then through the entity's schema. (`row_type`, as nodes have a `type` of their own.)
 */
export function rowType<S extends z.ZodObject>(
  name: string,
  schema: S,
  upgrades: readonly ((row: Row) => Row)[] = [],
): RowType<z.output<S>> {
  const version = upgrades.length + 1;
  const unreadable = (row: Row, why: string) =>
    problem('internal.error', `The row ${row.pk} / ${row.sk} could not be read: ${why}.`);
  return {
    write: (key, entity, { expires_at, due } = {}) => ({
      ...entity,
      ...(expires_at !== undefined && { expires_at: ttlSeconds(expires_at) }),
      ...(due !== undefined && dueAttributes(due)),
      ...key,
      row_type: name,
      schema_version: version,
    }),
    read(row) {
      if (row.row_type !== name) throw unreadable(row, `it is no ${name}`);
      const from = row.schema_version;
      if (typeof from !== 'number' || from < 1 || from > version) throw unreadable(row, `its version is ${from}`);
      const upgraded = upgrades.slice(from - 1).reduce((older, upgrade) => upgrade(older), row);
      const parsed = schema.safeParse(upgraded);
      if (parsed.success) return parsed.data;
      throw unreadable(row, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    },
  };
}
