import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../aws/disk.ts';
import type { LogGroup } from './catalog.ts';

const dayMs = 24 * 3_600_000;
/** An event may be this much newer than the moment at which it is written. */
const aheadMs = 2 * 3_600_000;

/** Events before this are gone, whether their file has been removed yet or not. */
export function oldestKept({ retentionInDays }: LogGroup, now: number): number {
  return retentionInDays === undefined ? 0 : now - retentionInDays * dayMs;
}

/** Removes the files in which everything has expired. Streams that have none are not opened for it. */
export async function applyRetention(groups: Iterable<LogGroup>, now: number): Promise<void> {
  for (const group of groups) {
    const oldest = oldestKept(group, now);
    for (const stream of group.streams.values()) {
      if (await hasFileBefore(stream.folder, oldest - aheadMs)) await (await stream.events()).expire(oldest);
    }
  }
}

async function hasFileBefore(folder: string, time: number): Promise<boolean> {
  try {
    for (const name of await readdir(folder)) {
      const { mtimeMs, size } = await stat(join(folder, name));
      if (size > 0 && mtimeMs < time) return true;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return false;
}
