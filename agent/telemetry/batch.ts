import type { Position } from '../state.ts';

/** A line on its way to CloudWatch Logs. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  /** As the service counts: UTF-8, and 26 for the event. */
  readonly bytes: number;
  /** Up to where the container's output is dealt with once this is shipped. */
  readonly position?: Position;
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const mostEvents = 10_000;
const mostBytes = 1_048_576;
const longestSpanMs = 24 * 3600_000;
const eventBytes = 26;

/** Makes an event, with its size. */
export const logEvent = (timestamp: number, message: string, position?: Position): LogEvent => ({
  timestamp,
  message,
  bytes: Buffer.byteLength(message) + eventBytes,
  ...(position === undefined ? {} : { position }),
});

/** How many of the oldest events of a queue go into one call. */
export function batchLength(queue: readonly LogEvent[]): number {
  let bytes = 0;
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const event of queue) {
    bytes += event.bytes;
    earliest = Math.min(earliest, event.timestamp);
    latest = Math.max(latest, event.timestamp);
    if (count === mostEvents || bytes > mostBytes || latest - earliest > longestSpanMs) break;
    count++;
  }
  // One event that is too large alone is the service's to refuse.
  return Math.max(count, Math.min(queue.length, 1));
}
