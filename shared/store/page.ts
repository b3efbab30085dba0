import { decodeCursor, encodeCursor } from './cursor.ts';

/** Which part of a list: at most `limit` items (1,000 without it), after `cursor`. */
export interface PageOptions<T> {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Items for which it is false are left out, and do not count. */
  readonly keep?: ((item: T) => boolean) | undefined;
}

/** A part of a list; `cursor` leads to the next one, and is absent on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}

/** What a list is read in: items with the ends of their sort keys; `last` is where it stopped, absent at the end. */
export interface Chunk<T> {
  readonly entries: readonly { readonly end: string; readonly item: T }[];
  readonly last?: string;
}

const longest = 1000;

/**
 * Reads a page: one item more than it holds, so that no `Link` leads to nothing. With `keep`, chunks are read until
 * the page is full.
 */
export async function readPage<T>(
  { limit = longest, cursor, keep = () => true }: PageOptions<T>,
  read: (after: string | undefined, limit: number) => Promise<Chunk<T>>,
): Promise<Page<T>> {
  const kept: { end: string; item: T }[] = [];
  let after = cursor === undefined ? undefined : decodeCursor(cursor);
  do {
    const chunk = await read(after, limit + 1);
    kept.push(...chunk.entries.filter(({ item }) => keep(item)));
    after = chunk.last;
  } while (after !== undefined && kept.length <= limit);
  const shown = kept.slice(0, limit);
  const end = kept.length > limit ? shown.at(-1)?.end : undefined;
  return { items: shown.map(({ item }) => item), ...(end !== undefined && { cursor: encodeCursor(end) }) };
}
