import { BatchGetCommand, GetCommand, QueryCommand, TransactGetCommand } from '@aws-sdk/lib-dynamodb';
import { problem } from '#domain/problem.ts';
import type { Connection } from './connection.ts';
import { duePartition, type Key, type KeyRange } from './keys.ts';
import { backoff, retrying } from './retry.ts';
import { isExpired, type Row } from './row.ts';
import { dueIndex } from './table.ts';

/** Which part of a range is read. */
export interface QueryOptions {
  /** The sort key after which to begin; it need not exist. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly descending?: boolean | undefined;
}

/** A row's key in the index, with its due time. */
export interface DueRow extends Key {
  readonly due: number;
}

/** Reads, all of them consistent but for the index; what has expired is not there. */
export interface Reads {
  get(key: Key): Promise<Row | undefined>;
  /** Those that are there, in the order of the keys. */
  getMany(keys: readonly Key[]): Promise<readonly (Row | undefined)[]>;
  /** As of one moment: for rows that move between keys. */
  getTogether(keys: readonly Key[]): Promise<readonly (Row | undefined)[]>;
  /** The rows of a range in order; `last` is the sort key at which it stopped, absent at the end of the range. */
  query(range: KeyRange, options?: QueryOptions): Promise<{ readonly rows: readonly Row[]; readonly last?: string }>;
  /** Eventually consistent: what is due until `until`, oldest first. */
  queryDue(until: number, limit: number): Promise<readonly DueRow[]>;
}

const batchSize = 100;
const idOf = ({ pk, sk }: Key): string => JSON.stringify([pk, sk]);
const keyOnly = ({ pk, sk }: Key): Record<string, unknown> => ({ pk, sk });

/** Makes the reads of a connection. */
export function reads({ client, tableName, now, retry }: Connection): Reads {
  const current = (row: Record<string, unknown> | undefined): Row | undefined =>
    row && !isExpired(row, now()) ? (row as Row) : undefined;

  // DynamoDB may leave out what would be too much at once; it says which keys.
  async function batch(keys: readonly Key[]): Promise<readonly Row[]> {
    const found: Row[] = [];
    const wait = backoff(retry);
    let open: readonly Record<string, unknown>[] = keys.map(keyOnly);
    for (;;) {
      const answer = await retrying(retry, () =>
        client.send(new BatchGetCommand({ RequestItems: { [tableName]: { ConsistentRead: true, Keys: [...open] } } })),
      );
      found.push(...((answer.Responses?.[tableName] ?? []) as Row[]));
      open = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
      if (open.length === 0) return found;
      if (!(await wait()))
        throw problem('service.unavailable', 'The table is busy. Please try again in a moment.', {
          retryAfterSeconds: 1,
        });
    }
  }

  return {
    get: async (key) => {
      const { Item } = await retrying(retry, () =>
        client.send(new GetCommand({ TableName: tableName, Key: keyOnly(key), ConsistentRead: true })),
      );
      return current(Item);
    },

    async getMany(keys) {
      const distinct = [...new Map(keys.map((key) => [idOf(key), key])).values()];
      const batches = Array.from({ length: Math.ceil(distinct.length / batchSize) }, (_, index) =>
        batch(distinct.slice(index * batchSize, (index + 1) * batchSize)),
      );
      const rows = new Map((await Promise.all(batches)).flat().map((row) => [idOf(row), row]));
      return keys.map((key) => current(rows.get(idOf(key))));
    },

    async getTogether(keys) {
      const { Responses = [] } = await retrying(retry, () =>
        client.send(
          new TransactGetCommand({
            TransactItems: keys.map((key) => ({ Get: { TableName: tableName, Key: keyOnly(key) } })),
          }),
        ),
      );
      return keys.map((_, index) => current(Responses[index]?.Item));
    },

    async query({ pk, prefix }, { after, limit = Number.POSITIVE_INFINITY, descending = false } = {}) {
      const rows: Row[] = [];
      let last = after;
      do {
        const start = last === undefined ? {} : { ExclusiveStartKey: { pk, sk: last } };
        const left = limit - rows.length;
        const answer = await retrying(retry, () =>
          client.send(
            new QueryCommand({
              TableName: tableName,
              ConsistentRead: true,
              KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
              ExpressionAttributeValues: { ':pk': pk, ...(prefix !== '' && { ':prefix': prefix }) },
              ScanIndexForward: !descending,
              ...(Number.isFinite(left) && { Limit: left }),
              ...start,
            }),
          ),
        );
        rows.push(...((answer.Items ?? []) as Row[]));
        last = answer.LastEvaluatedKey?.sk as string | undefined;
      } while (last !== undefined && rows.length < limit);
      return { rows: rows.filter((row) => current(row)), ...(last !== undefined && { last }) };
    },

    async queryDue(until, limit) {
      const { Items = [] } = await retrying(retry, () =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: dueIndex,
            KeyConditionExpression: 'due_index = :partition AND due <= :until',
            ExpressionAttributeValues: { ':partition': duePartition, ':until': until },
            Limit: limit,
          }),
        ),
      );
      return Items as unknown as readonly DueRow[];
    },
  };
}
