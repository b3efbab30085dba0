import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import type { Catalog, LogGroup, LogStream } from './catalog.ts';
import { type Arns, GroupName, type GroupReference, groupReference, StreamName } from './names.ts';
import { oldestKept } from './retention.ts';

const page = { limit: z.int().min(1).max(50).default(50), nextToken: z.string().min(1).optional() };

/** DescribeLogGroups, in the order of their names. */
export function describeGroups({ groups }: Catalog, arns: Arns): Operation {
  return operation(
    z.object({ logGroupNamePrefix: GroupName.optional(), ...page }),
    () => arns.group({ logGroupName: '' }),
    ({ logGroupNamePrefix = '', ...asked }) => {
      const matching = [...groups.values()].filter(({ name }) => name.startsWith(logGroupNamePrefix)).sort(byName);
      const { items, nextToken } = paginate(matching, asked);
      const logGroups = items.map((group) => ({
        logGroupName: group.name,
        creationTime: group.createdAt,
        ...(group.retentionInDays === undefined ? {} : { retentionInDays: group.retentionInDays }),
        metricFilterCount: 0,
        arn: `${arns.group({ logGroupName: group.name })}:*`,
        logGroupArn: arns.group({ logGroupName: group.name }),
        storedBytes: 0,
        logGroupClass: 'STANDARD',
      }));
      return { logGroups, ...nextToken };
    },
  );
}

/** DescribeLogStreams, in the order of their names or of their newest events. */
export function describeStreams(
  groupOf: (input: GroupReference) => LogGroup,
  arns: Arns,
  now: () => number,
): Operation {
  return operation(
    z.object({
      ...groupReference,
      logStreamNamePrefix: StreamName.optional(),
      orderBy: z.enum(['LogStreamName', 'LastEventTime']).default('LogStreamName'),
      descending: z.boolean().default(false),
      ...page,
    }),
    arns.group,
    async ({ logStreamNamePrefix, orderBy, descending, limit, nextToken, ...reference }) => {
      if (orderBy === 'LastEventTime' && logStreamNamePrefix !== undefined) {
        throw awsFault('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.');
      }
      const group = groupOf(reference);
      const named = [...group.streams.values()].filter(({ name }) => name.startsWith(logStreamNamePrefix ?? ''));
      named.sort(byName);
      const describe = (stream: LogStream) => describeStream(stream, group, arns, oldestKept(group, now()));
      if (orderBy === 'LogStreamName') {
        if (descending) named.reverse();
        const one = paginate(named, { limit, nextToken });
        return { logStreams: await Promise.all(one.items.map(describe)), ...one.nextToken };
      }
      const all = await Promise.all(
        named.map(async (stream) => ({ name: stream.name, shown: await describe(stream) })),
      );
      all.sort((a, b) => (a.shown.lastEventTimestamp ?? 0) - (b.shown.lastEventTimestamp ?? 0));
      if (descending) all.reverse();
      const one = paginate(all, { limit, nextToken });
      return { logStreams: one.items.map(({ shown }) => shown), ...one.nextToken };
    },
  );
}

async function describeStream(stream: LogStream, group: LogGroup, arns: Arns, oldest: number) {
  const blocks = (await stream.events()).blocks().filter(({ last }) => last >= oldest);
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  const times =
    blocks.length === 0
      ? {}
      : {
          firstEventTimestamp: blocks.reduce((least, { first }) => Math.min(least, first), Number.POSITIVE_INFINITY),
          lastEventTimestamp: most(blocks.map(({ last }) => last)),
          lastIngestionTime: most(blocks.map(({ ingested }) => ingested)),
        };
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    ...(times as Partial<Record<'firstEventTimestamp' | 'lastEventTimestamp' | 'lastIngestionTime', number>>),
    arn: arns.stream({ logGroupName: group.name, logStreamName: stream.name }),
    storedBytes: 0, // So it is for every stream since 2019.
  };
}

/** A page starts behind the item whose name the token holds; if that has gone, it can't be told where. */
function paginate<T extends { name: string }>(
  items: readonly T[],
  { limit, nextToken }: { limit: number; nextToken?: string | undefined },
): { items: T[]; nextToken: { nextToken?: string } } {
  const after = nextToken === undefined ? undefined : Buffer.from(nextToken, 'base64url').toString('utf8');
  const index = after === undefined ? -1 : items.findIndex(({ name }) => name === after);
  if (after !== undefined && index < 0) {
    throw awsFault('InvalidParameterException', 'The specified nextToken is invalid.');
  }
  const page = items.slice(index + 1, index + 1 + limit);
  const last = index + 1 + limit < items.length ? page.at(-1) : undefined;
  return { items: page, nextToken: last ? { nextToken: Buffer.from(last.name).toString('base64url') } : {} };
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
