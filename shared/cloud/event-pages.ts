import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { problem } from '#domain/problem.ts';

/** An event of a stream: its time (epoch milliseconds) and its text. */
export interface StoredEvent {
  readonly at: number;
  readonly message: string;
}

/** Which events of a stream, and from which end. */
export interface EventQuery {
  readonly stream: string;
  readonly direction: 'forward' | 'backward';
  /** Inclusive, epoch milliseconds. */
  readonly startTime?: number | undefined;
  /** Exclusive, epoch milliseconds. */
  readonly endTime?: number | undefined;
  readonly eventsPerPage: number;
}

/** How many pages one request may read: quotas are for the whole account, and a stream may have empty pages without end. */
const mostPages = 12;

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/**
 * The pages of a stream, each in order of time, from one of its ends to the other. Pages may be empty although there are
 * more ("Partially full or empty pages don't necessarily mean that pagination is finished"): the end is where the token
 * stays the same. Returns whether the end was reached.
 */
export async function* eventPages(
  client: CloudWatchLogsClient,
  group: string,
  { stream, direction, startTime, endTime, eventsPerPage }: EventQuery,
): AsyncGenerator<readonly StoredEvent[], boolean> {
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const answer = await read(client, {
      logGroupName: group,
      logStreamName: stream,
      startFromHead: direction === 'forward',
      limit: Math.min(Math.max(eventsPerPage, 1), 10_000),
      ...(startTime === undefined ? {} : { startTime: Math.max(0, startTime) }),
      ...(endTime === undefined ? {} : { endTime: Math.max(0, endTime) }),
      ...(token === undefined ? {} : { nextToken: token }),
    });
    if (!answer) return true;
    const events = answer.events ?? [];
    if (events.length > 0) yield events.map(({ timestamp = 0, message = '' }) => ({ at: timestamp, message }));
    const next = direction === 'forward' ? answer.nextForwardToken : answer.nextBackwardToken;
    if (next === undefined || next === token) return true;
    token = next;
  }
  return false;
}

type Query = ConstructorParameters<typeof GetLogEventsCommand>[0];

/** One page; undefined if there is no such stream, because nothing was written yet or retention has removed it. */
async function read(client: CloudWatchLogsClient, query: Query): Promise<GetLogEventsCommandOutput | undefined> {
  try {
    return await client.send(new GetLogEventsCommand(query));
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined;
    if (isNamed(error, 'ThrottlingException', 'ServiceUnavailableException', 'TimeoutError', 'AbortError')) {
      throw problem('service.unavailable', 'The logs can not be read just now. Please try again.', {
        retryAfterSeconds: 2,
        cause: error,
      });
    }
    throw error;
  }
}
