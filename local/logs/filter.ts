import type { LogStream } from './catalog.ts';
import { before, behind, comparePositions, type LogEvent, type Position, sizeOf } from './event.ts';
import { readPage } from './page.ts';

/** What FilterLogEvents looks for. Streams are in the order of their names. */
export interface FilterQuery {
  readonly streams: readonly LogStream[];
  readonly startTime: number;
  readonly endTime: number;
  readonly limit: number;
  readonly matches: (message: string) => boolean;
  /** Where the last page has ended. */
  readonly after: FilterPlace | undefined;
}

/** The last event that was looked at. */
export interface FilterPlace extends Position {
  readonly stream: string;
}

/** An event and the stream that it is in. */
export interface FoundEvent extends LogEvent {
  readonly stream: string;
}

/** How many events a call looks at, at most: a rare pattern gives short or empty pages, as it does in AWS. */
const scanLimit = 50_000;
const chunk = 1_000;
const pageBytes = 1_048_576;

/** Merges streams in the order of time, from where the last page has ended. */
export async function filterEvents(query: FilterQuery): Promise<{ found: FoundEvent[]; next?: FilterPlace }> {
  const cursors = await Promise.all(query.streams.map((stream) => openCursor(stream, query)));
  const found: FoundEvent[] = [];
  let last: FilterPlace | undefined;
  let bytes = 0;
  for (let scanned = 0; scanned < scanLimit && found.length < query.limit && bytes < pageBytes; scanned += 1) {
    const cursor = cursors
      .filter((one) => one.head())
      .reduce<Cursor | undefined>((least, one) => (least && compareHeads(least, one) <= 0 ? least : one), undefined);
    const event = cursor?.head();
    if (!cursor || !event) return { found };
    const { at, offset, ordinal } = event;
    last = { at, offset, ordinal, stream: cursor.name };
    if (query.matches(event.message)) {
      found.push({ ...event, stream: cursor.name });
      bytes += sizeOf(event.message);
    }
    await cursor.advance();
  }
  return last ? { found, next: last } : { found };
}

interface Cursor {
  readonly name: string;
  head(): LogEvent | undefined;
  advance(): Promise<void>;
}

async function openCursor(stream: LogStream, { startTime, endTime, after }: FilterQuery): Promise<Cursor> {
  const events = await stream.events();
  let from = startOf(stream.name, startTime, after);
  let [page, index, exhausted]: [LogEvent[], number, boolean] = [[], 0, false];

  async function fill(): Promise<void> {
    page = await readPage(events, { direction: 'forward', from, startTime, endTime, limit: chunk });
    index = 0;
    const last = page.at(-1);
    if (last) from = behind(last);
    else exhausted = true;
  }

  await fill();
  return {
    name: stream.name,
    head: () => page[index],
    async advance() {
      index += 1;
      if (index >= page.length && !exhausted) await fill();
    },
  };
}

/** Events of the same millisecond are in the order of their streams' names. */
function startOf(stream: string, startTime: number, after: FilterPlace | undefined): Position {
  if (!after) return before(startTime);
  if (stream === after.stream) return behind(after);
  return before(stream < after.stream ? after.at + 1 : after.at);
}

function compareHeads(a: Cursor, b: Cursor): number {
  const [x, y] = [a.head(), b.head()];
  if (!x || !y) return 0;
  return x.at - y.at || (a.name < b.name ? -1 : a.name > b.name ? 1 : comparePositions(x, y));
}
