import { appendFile, truncate } from 'node:fs/promises';
import { parseLine } from '../aws/lines.ts';
import { readFrom, sizeOfFile, wholeLines } from './files.ts';

/** Some adjacent lines, and the times between which their events are. */
export interface Block {
  readonly offset: number;
  readonly length: number;
  readonly first: number;
  readonly last: number;
  readonly ingested: number;
}

/** As much of the index as is whole and without gaps. The rest is cut off, and made anew from the segment. */
export async function readIndex(path: string, base: number, size: number): Promise<Block[]> {
  const index = `${path}.idx`;
  const content = await readFrom(index, 0, await sizeOfFile(index));
  const blocks: Block[] = [];
  let [end, validBytes] = [base, 0];
  for (const line of wholeLines(content)) {
    const [entry = []] = parseLine(line.toString('utf8')) as [number[]?];
    const [offset = -1, length = 0, first = 0, last = 0, ingested = 0] = entry;
    if (offset !== end || length <= 0 || offset + length - base > size) break;
    blocks.push({ offset, length, first, last, ingested });
    end = offset + length;
    validBytes += line.length + 1;
  }
  if (validBytes < content.length) await truncate(index, validBytes);
  return blocks;
}

/** Adds blocks to the index, and says whether that worked. If not, no harm is done: it is made anew from the events. */
export async function appendIndex(path: string, blocks: readonly Block[]): Promise<boolean> {
  const text = blocks.map(({ offset, length, first, last, ingested }) =>
    JSON.stringify([offset, length, first, last, ingested]),
  );
  try {
    await appendFile(`${path}.idx`, `${text.join('\n')}\n`, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}
