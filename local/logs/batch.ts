import { awsFault } from '../aws/fault.ts';
import { sizeOf } from './event.ts';

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html

const batchBytes = 1_048_576;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** An event as PutLogEvents brings it. */
export interface InputEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** What became of a batch: the events to store, and which were too old or too new. */
export interface CheckedBatch {
  readonly accepted: readonly [number, string][];
  readonly rejected: object | undefined;
}

/** Holds a batch against the service's limits. Some break the whole batch, some only the events at its ends. */
export function checkBatch(
  events: readonly InputEvent[],
  now: number,
  retentionInDays: number | undefined,
): CheckedBatch {
  const bytes = events.reduce((sum, { message }) => sum + sizeOf(message), 0);
  if (bytes > batchBytes) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${batchBytes}`);
  if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))) {
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
  }

  const countBefore = (time: number): number => events.filter(({ timestamp }) => timestamp < time).length;
  const tooOld = countBefore(now - 14 * dayMs);
  const expired = retentionInDays === undefined ? 0 : countBefore(now - retentionInDays * dayMs);
  const tooNew = countBefore(now + 2 * hourMs + 1);
  const accepted = events.slice(Math.max(tooOld, expired), tooNew);
  const span = (accepted.at(-1)?.timestamp ?? 0) - (accepted[0]?.timestamp ?? 0);
  if (span > dayMs) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }

  const rejected = {
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
    ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
  };
  return {
    accepted: accepted.map(({ timestamp, message }) => [timestamp, message]),
    rejected: Object.keys(rejected).length > 0 ? rejected : undefined,
  };
}

const invalid = (message: string): Error => awsFault('InvalidParameterException', message);
