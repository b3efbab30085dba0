import type { KeyRange } from './keys.ts';
import type { Link } from './link.ts';
import { type Page, type PageOptions, readPage } from './page.ts';
import type { Row } from './row.ts';

/** The end of a row's sort key: what is left of it in its range, and what a cursor holds. */
export const endOf = (range: KeyRange, row: Pick<Row, 'sk'>): string => row.sk.slice(range.prefix.length);

/** Reads a chunk of a range, after the end of a sort key. */
export async function readRange(
  { query }: Link,
  range: KeyRange,
  after: string | undefined,
  limit: number,
  descending = false,
): Promise<{ readonly rows: readonly Row[]; readonly last?: string }> {
  const { rows, last } = await query(range, {
    after: after === undefined ? undefined : range.prefix + after,
    limit,
    descending,
  });
  return { rows, ...(last !== undefined && { last: last.slice(range.prefix.length) }) };
}

/** A page of a range; `read` turns a row into an item. */
export const listRange = <T>(
  link: Link,
  range: KeyRange,
  options: PageOptions<T>,
  read: (row: Row) => T,
  descending = false,
): Promise<Page<T>> =>
  readPage(options, async (after, limit) => {
    const { rows, last } = await readRange(link, range, after, limit, descending);
    return {
      entries: rows.map((row) => ({ end: endOf(range, row), item: read(row) })),
      ...(last !== undefined && { last }),
    };
  });
