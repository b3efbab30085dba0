import { appendFile, open, rm, stat, truncate } from 'node:fs/promises';
import { isMissing } from '../aws/disk.ts';
import { parseLine } from '../aws/lines.ts';
import type { LogEvent } from './event.ts';

// A segment is a file of batches, one a line: {"ingested":1764000000000,"events":[[1764000000000,"a line"],…]}. Next to
// it is its index, one line for each block of batches: [offset,length,first,last,ingested]. The index is only a shortcut:
// what it lacks is read from the segment.

/** Some adjacent batches, and the times between which their events are. */
export interface Block {
  readonly offset: number;
  readonly length: number;
  readonly first: number;
  readonly last: number;
  readonly ingested: number;
}

/** A file of a stream; offsets count from the stream's beginning, and `base` is where this file begins. */
export interface Segment {
  readonly base: number;
  readonly path: string;
  length: number;
  /** Those in the index. */
  sealed: Block[];
  /** The one that still grows. */
  open: Block | undefined;
}

const blockBytes = 64 * 1024;

/** Reads the index of a segment, and from the segment what the index lacks; cuts off what a crash left unfinished. */
export async function openSegment(folder: string, base: number): Promise<Segment> {
  const path = `${folder}/${base.toString().padStart(20, '0')}.jsonl`;
  const size = await sizeOfFile(path);
  const segment: Segment = { base, path, length: 0, sealed: await readIndex(path, base, size), open: undefined };
  segment.length = endOfSealed(segment) - base;
  const tail = await readFrom(path, segment.length, size - segment.length);
  const complete = tail.lastIndexOf(0x0a) + 1;
  if (complete < tail.length) await truncate(path, segment.length + complete);
  for (const line of tail.toString('utf8', 0, complete).split('\n').slice(0, -1)) {
    await grow(segment, Buffer.byteLength(line) + 1, parseBatch(line, base + segment.length));
  }
  return segment;
}

/** Makes the next segment, empty. */
export async function createSegment(folder: string, base: number): Promise<Segment> {
  const segment = await openSegment(folder, base);
  await appendFile(segment.path, '', { mode: 0o600 });
  return segment;
}

/** Appends a batch; its events are in order. It is in the file once this returns. */
export async function appendBatch(segment: Segment, events: readonly [number, string][], now: number): Promise<void> {
  const line = Buffer.from(`${JSON.stringify({ ingested: now, events })}\n`);
  const file = await open(segment.path, 'a', 0o600);
  try {
    // Less than this is never there; more only if an earlier append has failed half-way.
    if ((await file.stat()).size !== segment.length) await file.truncate(segment.length);
    await file.appendFile(line);
  } finally {
    await file.close();
  }
  const [first = 0, last = 0] = [events[0]?.[0], events.at(-1)?.[0]];
  await grow(segment, line.length, [
    { at: first, ingestedAt: now },
    { at: last, ingestedAt: now },
  ]);
}

/** Puts the block that grows into the index. Failing does no harm: the index is only a shortcut. */
export async function seal(segment: Segment): Promise<void> {
  const block = segment.open;
  if (!block) return;
  segment.sealed.push(block);
  segment.open = undefined;
  const { offset, length, first, last, ingested } = block;
  await appendFile(`${segment.path}.idx`, `${JSON.stringify([offset, length, first, last, ingested])}\n`, {
    mode: 0o600,
  });
}

/** The events of a block. None if retention has removed it meanwhile. */
export async function readBlock(segment: Segment, block: Block): Promise<LogEvent[]> {
  const content = await readFrom(segment.path, block.offset - segment.base, block.length);
  let offset = block.offset;
  return content
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const events = parseBatch(line, offset);
      offset += Buffer.byteLength(line) + 1;
      return events;
    });
}

/** Removes a segment and its index. */
export async function removeSegment({ path }: Segment): Promise<void> {
  await rm(`${path}.idx`, { force: true });
  await rm(path, { force: true });
}

async function grow(
  segment: Segment,
  length: number,
  events: readonly Pick<LogEvent, 'at' | 'ingestedAt'>[],
): Promise<void> {
  const block = segment.open ?? {
    offset: endOfSealed(segment),
    length: 0,
    first: Number.POSITIVE_INFINITY,
    last: 0,
    ingested: 0,
  };
  const times = events.map(({ at }) => at);
  segment.open = {
    offset: block.offset,
    length: block.length + length,
    first: times.reduce((a, b) => Math.min(a, b), block.first),
    last: times.reduce((a, b) => Math.max(a, b), block.last),
    ingested: Math.max(block.ingested, events[0]?.ingestedAt ?? 0),
  };
  segment.length += length;
  if (segment.open.length >= blockBytes) await seal(segment);
}

function endOfSealed({ base, sealed }: Segment): number {
  const last = sealed.at(-1);
  return last ? last.offset + last.length : base;
}

function parseBatch(line: string, offset: number): LogEvent[] {
  // Written by this file, and whole: only a power cut can have garbled it.
  const [batch] = parseLine(line) as [{ ingested: number; events: [number, string][] }?];
  return (batch?.events ?? []).map(([at, message], ordinal) => ({
    at,
    message,
    ingestedAt: batch?.ingested ?? 0,
    offset,
    ordinal,
  }));
}

/** As much of the index as is whole and without gaps. The rest is cut off, and made anew from the segment. */
async function readIndex(path: string, base: number, size: number): Promise<Block[]> {
  const text = (await readFrom(`${path}.idx`, 0, await sizeOfFile(`${path}.idx`))).toString('utf8');
  const blocks: Block[] = [];
  let [end, validBytes] = [base, 0];
  for (const line of text.split('\n').slice(0, -1)) {
    const [entry = []] = parseLine(line) as [number[]?];
    const [offset = -1, length = 0, first = 0, last = 0, ingested = 0] = entry;
    if (offset !== end || offset + length - base > size) break;
    blocks.push({ offset, length, first, last, ingested });
    end = offset + length;
    validBytes += line.length + 1;
  }
  if (validBytes < text.length) await truncate(`${path}.idx`, validBytes);
  return blocks;
}

async function sizeOfFile(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

async function readFrom(path: string, start: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}
