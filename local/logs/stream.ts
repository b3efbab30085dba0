import { mkdir, readdir } from 'node:fs/promises';
import { isMissing } from '../aws/disk.ts';
import type { Block } from './block-index.ts';
import type { LogEvent } from './event.ts';
import { appendEvents, createSegment, openSegment, readBlock, removeSegment, type Segment, seal } from './segment.ts';

/** The events of one log stream, in files. */
export interface EventStream {
  /** Appends a batch whose events are in order. */
  append(events: readonly [number, string][], now: number): Promise<void>;
  /** What can be read, in order of arrival. */
  blocks(): readonly StoredBlock[];
  /** Removes the files in which every event is older. */
  expire(before: number): Promise<void>;
}

/** A block that knows how to read itself. */
export interface StoredBlock extends Block {
  read(): Promise<LogEvent[]>;
}

const segmentBytes = 16 * 1024 * 1024;

/** Opens a stream's folder, which need not be there yet. Only one may be open for a folder at a time. */
export async function openEventStream(folder: string): Promise<EventStream> {
  const segments: Segment[] = [];
  for (const base of await basesIn(folder)) segments.push(await openSegment(folder, base));
  let queue: Promise<unknown> = Promise.resolve();

  /** One write after the other, and each tried whatever became of the one before. */
  function inTurn<T>(write: () => Promise<T>): Promise<T> {
    const result = queue.then(write);
    queue = result.catch(() => undefined);
    return result;
  }

  async function segmentToWrite(): Promise<Segment> {
    const current = segments.at(-1);
    if (current && current.length < segmentBytes) return current;
    if (current) await seal(current);
    else await mkdir(folder, { recursive: true, mode: 0o700 });
    const next = await createSegment(folder, current ? current.base + current.length : 0);
    segments.push(next);
    return next;
  }

  return {
    append: (events, now) => inTurn(async () => appendEvents(await segmentToWrite(), events, now)),

    blocks: () =>
      segments.flatMap((segment) =>
        blocksOf(segment).map((block) => ({ ...block, read: () => readBlock(segment, block) })),
      ),

    expire: (before) =>
      inTurn(async () => {
        const expired = segments.filter((segment) => blocksOf(segment).every(({ last }) => last < before));
        const newest = segments.at(-1);
        if (newest && newest.length > 0 && expired.includes(newest)) {
          // An empty file keeps the place, so that offsets go on from where they are.
          segments.push(await createSegment(folder, newest.base + newest.length));
        }
        for (const segment of expired.filter(({ length }) => length > 0)) {
          segments.splice(segments.indexOf(segment), 1);
          await removeSegment(segment);
        }
      }),
  };
}

function blocksOf({ sealed, open }: Segment): readonly Block[] {
  return open ? [...sealed, open] : sealed;
}

async function basesIn(folder: string): Promise<number[]> {
  try {
    const names = await readdir(folder);
    return names
      .flatMap((name) => (/^\d{20}\.jsonl$/.test(name) ? [Number.parseInt(name, 10)] : []))
      .sort((a, b) => a - b);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
