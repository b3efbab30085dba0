import { comparePositions, type LogEvent, type Position, sizeOf } from './event.ts';
import type { EventStream } from './stream.ts';

/** Which events of a stream are asked for. */
export interface PageQuery {
  readonly direction: 'forward' | 'backward';
  /** Forward: events from here on. Backward: events before here. */
  readonly from: Position;
  /** Inclusive. */
  readonly startTime: number;
  /** Exclusive. */
  readonly endTime: number;
  readonly limit: number;
}

const pageBytes = 1_048_576;

/**
 * The events nearest to a place in a stream, in order of time. Batches may have arrived out of order, so their blocks may
 * overlap: reading stops once no block that is left can hold an event that belongs before the ones found.
 */
export async function readPage(stream: EventStream, query: PageQuery): Promise<LogEvent[]> {
  const { from, startTime, endTime, limit } = query;
  const forward = query.direction === 'forward';
  const sign = forward ? 1 : -1;
  const wanted = (event: LogEvent): boolean =>
    event.at >= startTime && event.at < endTime && comparePositions(event, from) * sign >= (forward ? 0 : 1);
  const near = (block: { first: number; last: number }): number => (forward ? block.first : block.last);
  const blocks = stream
    .blocks()
    .filter(({ first, last }) => last >= startTime && first < endTime && (forward ? last >= from.at : first <= from.at))
    .sort((a, b) => (near(a) - near(b)) * sign);

  let events: LogEvent[] = [];
  let full = false;
  for (const block of blocks) {
    const farthest = events.at(-1);
    if (full && farthest && (farthest.at - near(block)) * sign < 0) break;
    const found = (await block.read()).filter(wanted);
    events = [...events, ...found].sort((a, b) => comparePositions(a, b) * sign);
    const size = pageLength(events, limit);
    full ||= size === limit || size < events.length;
    events.length = size;
  }
  return forward ? events : events.reverse();
}

/** How many of these fit a page: at least one, so that a page always leads on. */
function pageLength(events: readonly LogEvent[], limit: number): number {
  let bytes = 0;
  for (const [index, { message }] of events.entries()) {
    bytes += sizeOf(message);
    if (index >= limit || (bytes > pageBytes && index > 0)) return index;
  }
  return events.length;
}
