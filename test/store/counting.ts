import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { intercept } from './intercept.ts';

/** What some work has cost at the table. */
export interface Cost {
  /** Requests that had to wait for one before them: the longest chain. */
  readonly waits: number;
  readonly requests: number;
  readonly rcu: number;
  readonly wcu: number;
  /** The requests in order, such as `Query`. */
  readonly commands: readonly string[];
}

/** Counts what goes through a client. */
export interface Counting {
  readonly client: DynamoDBClient;
  /** Does something, and tells what it has cost. Nothing else may use the client meanwhile. */
  cost<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cost: Cost }>;
}

interface Seen {
  readonly command: string;
  readonly from: number;
  readonly to: number;
  readonly units: number;
}

const reading = new Set(['GetItem', 'BatchGetItem', 'TransactGetItems', 'Query', 'Scan']);

// A request that began after another had ended may have needed its answer. The most that are pairwise one after another
// is the number of waits: found by taking, again and again, the one that ends first.
function longestChain(seen: readonly Seen[]): number {
  let waits = 0;
  let end = -1;
  for (const one of [...seen].sort((a, b) => a.to - b.to)) {
    if (one.from < end) continue;
    waits += 1;
    end = one.to;
  }
  return waits;
}

const unitsOf = (consumed: unknown): number =>
  [consumed]
    .flat()
    .reduce((sum: number, one) => sum + Number((one as { CapacityUnits?: number } | undefined)?.CapacityUnits ?? 0), 0);

/** Counts what goes through a client, in capacity as the engine reckons it. */
export function counting(client: DynamoDBClient): Counting {
  let seen: Seen[] = [];
  // Moments are numbered, not timed: two can't be the same.
  let moment = 0;
  intercept(client, async ({ command, input }, next) => {
    moment += 1;
    const from = moment;
    let units = 0;
    try {
      const answer = await next({ ...input, ReturnConsumedCapacity: 'TOTAL' });
      units = unitsOf(answer.ConsumedCapacity);
      return answer;
    } finally {
      moment += 1;
      seen.push({ command: command.replace(/Command$/, ''), from, to: moment, units });
    }
  });
  return {
    client,
    async cost(work) {
      seen = [];
      const result = await work();
      const sum = (of: readonly Seen[]) => of.reduce((total, { units }) => total + units, 0);
      return {
        result,
        cost: {
          waits: longestChain(seen),
          requests: seen.length,
          rcu: sum(seen.filter(({ command }) => reading.has(command))),
          wcu: sum(seen.filter(({ command }) => !reading.has(command))),
          commands: [...seen].sort((a, b) => a.from - b.from).map(({ command }) => command),
        },
      };
    },
  };
}
