import { appendFile, open, rm, truncate } from 'node:fs/promises';
import { parseLine } from '../aws/lines.ts';
import { appendIndex, type Block, readIndex } from './block-index.ts';
import { type LogEvent, sizeOf } from './event.ts';
import { readFrom, sizeOfFile, wholeLines } from './files.ts';

// A segment is a file of events, some to a line: {"ingested":1764000000000,"events":[[1764000000000,"a line"],…]}. Next
// to it is its index, one line for each block of such lines: [offset,length,first,last,ingested]. The index is only a
// shortcut: what it lacks is read from the segment.

/** A file of a stream; offsets count from the stream's beginning, and `base` is where this file begins. */
export interface Segment {
  readonly base: number;
  readonly path: string;
  length: number;
  sealed: Block[];
  /** How many of those the index has. */
  indexed: number;
  /** The one that still grows. */
  open: Block | undefined;
}

const blockBytes = 64 * 1024;
const lineBytes = 32 * 1024;

/** Reads the index of a segment, and from the segment what the index lacks; cuts off what a crash left unfinished. */
export async function openSegment(folder: string, base: number): Promise<Segment> {
  const path = `${folder}/${base.toString().padStart(20, '0')}.jsonl`;
  const size = await sizeOfFile(path);
  const sealed = await readIndex(path, base, size);
  const segment: Segment = { base, path, length: 0, sealed, indexed: sealed.length, open: undefined };
  segment.length = endOfSealed(segment) - base;
  const tail = await readFrom(path, segment.length, size - segment.length);
  for (const line of wholeLines(tail)) grow(segment, line.length + 1, parseEvents(line, base + segment.length));
  if (segment.length < size) await truncate(path, segment.length);
  await writeIndex(segment);
  return segment;
}

/** Makes the next segment, empty. */
export async function createSegment(folder: string, base: number): Promise<Segment> {
  const segment = await openSegment(folder, base);
  await appendFile(segment.path, '', { mode: 0o600 });
  return segment;
}

/** Appends events that are in order. They are in the file once this returns. */
export async function appendEvents(segment: Segment, events: readonly [number, string][], now: number): Promise<void> {
  const lines = inLines(events).map((some) => {
    const text = Buffer.from(`${JSON.stringify({ ingested: now, events: some })}\n`);
    return { text, times: [some[0], some.at(-1)].map((event) => ({ at: event?.[0] ?? 0, ingestedAt: now })) };
  });
  const file = await open(segment.path, 'a', 0o600);
  try {
    // Less than this is never there; more only if an earlier append has failed half-way.
    if ((await file.stat()).size !== segment.length) await file.truncate(segment.length);
    await file.appendFile(Buffer.concat(lines.map(({ text }) => text)));
  } finally {
    await file.close();
  }
  for (const { text, times } of lines) grow(segment, text.length, times);
  await writeIndex(segment);
}

/** Ends the block that grows. */
export async function seal(segment: Segment): Promise<void> {
  if (segment.open) segment.sealed.push(segment.open);
  segment.open = undefined;
  await writeIndex(segment);
}

/** The events of a block. None if retention has removed it meanwhile. */
export async function readBlock(segment: Segment, block: Block): Promise<LogEvent[]> {
  const content = await readFrom(segment.path, block.offset - segment.base, block.length);
  let offset = block.offset;
  return wholeLines(content).flatMap((line) => {
    const events = parseEvents(line, offset);
    offset += line.length + 1;
    return events;
  });
}

/** Removes a segment and its index. */
export async function removeSegment({ path }: Segment): Promise<void> {
  await rm(`${path}.idx`, { force: true });
  await rm(path, { force: true });
}

function grow(segment: Segment, length: number, events: readonly Pick<LogEvent, 'at' | 'ingestedAt'>[]): void {
  const block = segment.open ?? {
    offset: endOfSealed(segment),
    length: 0,
    first: Number.POSITIVE_INFINITY,
    last: 0,
    ingested: 0,
  };
  const times = events.map(({ at }) => at);
  const grown = {
    offset: block.offset,
    length: block.length + length,
    first: times.reduce((a, b) => Math.min(a, b), block.first),
    last: times.reduce((a, b) => Math.max(a, b), block.last),
    ingested: Math.max(block.ingested, events[0]?.ingestedAt ?? 0),
  };
  segment.length += length;
  if (grown.length < blockBytes) segment.open = grown;
  else {
    segment.sealed.push(grown);
    segment.open = undefined;
  }
}

/** A batch may be large, and whoever reads its end should not have to read it all. */
function inLines(events: readonly [number, string][]): [number, string][][] {
  const lines: [number, string][][] = [];
  let bytes = lineBytes;
  for (const event of events) {
    if (bytes >= lineBytes) {
      lines.push([]);
      bytes = 0;
    }
    lines.at(-1)?.push(event);
    bytes += sizeOf(event[1]);
  }
  return lines;
}

async function writeIndex(segment: Segment): Promise<void> {
  const missing = segment.sealed.slice(segment.indexed);
  // Those that could not be added are, with the next ones.
  if (missing.length > 0 && (await appendIndex(segment.path, missing))) segment.indexed = segment.sealed.length;
}

function endOfSealed({ base, sealed }: Segment): number {
  const last = sealed.at(-1);
  return last ? last.offset + last.length : base;
}

function parseEvents(line: Buffer, offset: number): LogEvent[] {
  // Written by this file, and whole: only a power cut can have garbled it.
  const [batch] = parseLine(line.toString('utf8')) as [{ ingested: number; events: [number, string][] }?];
  return (batch?.events ?? []).map(([at, message], ordinal) => ({
    at,
    message,
    ingestedAt: batch?.ingested ?? 0,
    offset,
    ordinal,
  }));
}
