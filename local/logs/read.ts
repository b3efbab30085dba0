import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import type { LogGroup, LogStream } from './catalog.ts';
import { before, behind, eventId, type Position, parseEventId } from './event.ts';
import { type FilterPlace, filterEvents } from './filter.ts';
import { type Arns, type GroupReference, groupReference, StreamName } from './names.ts';
import { type PageQuery, readPage } from './page.ts';
import { parsePattern } from './pattern.ts';
import { oldestKept } from './retention.ts';

const range = {
  startTime: z.int().min(0).optional(),
  endTime: z.int().min(0).optional(),
  limit: z.int().min(1).max(10_000).default(10_000),
  nextToken: z.string().min(1).optional(),
};

/** GetLogEvents: a page of one stream, from its end or its head, or on from a token. */
export function getLogEvents(
  groupOf: (input: GroupReference) => LogGroup,
  streamOf: (input: GroupReference & { logStreamName: string }) => LogStream,
  arns: Arns,
  now: () => number,
): Operation {
  return operation(
    z.object({
      ...groupReference,
      logStreamName: StreamName,
      startFromHead: z.boolean().default(false),
      unmask: z.literal(false).optional(),
      ...range,
    }),
    arns.stream,
    async (input) => {
      const events = await streamOf(input).events();
      const startTime = Math.max(input.startTime ?? 0, oldestKept(groupOf(input), now()));
      const endTime = input.endTime ?? Number.POSITIVE_INFINITY;
      const place: Pick<PageQuery, 'direction' | 'from'> =
        input.nextToken !== undefined
          ? parseToken(input.nextToken)
          : input.startFromHead
            ? { direction: 'forward', from: before(startTime) }
            : { direction: 'backward', from: before(endTime) };
      const page = await readPage(events, { ...place, startTime, endTime, limit: input.limit });

      const [first, last] = [page[0], page.at(-1)];
      // With nothing found, a given token is given back; without one, whatever comes later is behind the start.
      const nowhere = input.nextToken === undefined ? before(startTime) : place.from;
      return {
        events: page.map(({ at, message, ingestedAt }) => ({ timestamp: at, message, ingestionTime: ingestedAt })),
        nextForwardToken: `f/${eventId(last ? behind(last) : nowhere)}/s`,
        nextBackwardToken: `b/${eventId(first ?? nowhere)}/s`,
      };
    },
  );
}

/** FilterLogEvents: what matches a pattern, in all streams of a group or in some. */
export function filterLogEvents(
  groupOf: (input: GroupReference) => LogGroup,
  arns: Arns,
  now: () => number,
): Operation {
  return operation(
    z.object({
      ...groupReference,
      logStreamNames: z.array(StreamName).min(1).max(100).optional(),
      logStreamNamePrefix: StreamName.optional(),
      filterPattern: z.string().max(1024).default(''),
      interleaved: z.boolean().optional(), // Always so, since 2019.
      ...range,
    }),
    arns.group,
    async ({ logStreamNames, logStreamNamePrefix, filterPattern, ...input }) => {
      if (logStreamNames && logStreamNamePrefix !== undefined) {
        throw awsFault('InvalidParameterException', 'Specify logStreamNames or logStreamNamePrefix, but not both.');
      }
      const group = groupOf(input);
      const named = logStreamNames?.map((name) => {
        const stream = group.streams.get(name);
        if (stream) return stream;
        throw awsFault('ResourceNotFoundException', 'The specified log stream does not exist.');
      });
      const streams = named ?? [...group.streams.values()];
      const { found, next } = await filterEvents({
        streams: streams.filter(({ name }) => name.startsWith(logStreamNamePrefix ?? '')),
        startTime: Math.max(input.startTime ?? 0, oldestKept(group, now())),
        endTime: input.endTime === undefined ? Number.POSITIVE_INFINITY : input.endTime + 1, // Inclusive, here alone.
        limit: input.limit,
        matches: parsePattern(filterPattern),
        after: input.nextToken === undefined ? undefined : parseFilterToken(input.nextToken),
      });
      return {
        events: found.map((event) => ({
          logStreamName: event.stream,
          timestamp: event.at,
          message: event.message,
          ingestionTime: event.ingestedAt,
          eventId: eventId(event),
        })),
        searchedLogStreams: [],
        ...(next ? { nextToken: filterToken(next) } : {}),
      };
    },
  );
}

function parseToken(token: string): Pick<PageQuery, 'direction' | 'from'> {
  const [, way, id = ''] = /^([fb])\/(\d{56})\/s$/.exec(token) ?? [];
  const from = parseEventId(id);
  if (!from) throw invalidToken();
  return { direction: way === 'f' ? 'forward' : 'backward', from };
}

function filterToken({ stream, ...position }: FilterPlace): string {
  return Buffer.from(`${eventId(position)}${stream}`).toString('base64url');
}

function parseFilterToken(token: string): FilterPlace {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const position: Position | undefined = parseEventId(text.slice(0, 56));
  if (!position) throw invalidToken();
  return { ...position, stream: text.slice(56) };
}

const invalidToken = (): Error => awsFault('InvalidParameterException', 'The specified nextToken is invalid.');
