import { problem } from '#domain/problem.ts';

// Sort keys end in uids and names of ours, or in hosts: letters, digits, and the signs that join them.
const sortKey = /^[A-Za-z0-9#.:[\]-]{1,255}$/;

/** Where a list goes on: only the end of a sort key. The partition and the kind of row come from whoever asks. */
export const encodeCursor = (end: string): string => Buffer.from(end, 'utf8').toString('base64url');

/** Reads a cursor back; `request.malformed` unless it is exactly what a list gives. */
export function decodeCursor(cursor: string): string {
  const end = Buffer.from(cursor, 'base64url').toString('utf8');
  if (sortKey.test(end) && encodeCursor(end) === cursor) return end;
  throw problem('request.malformed', 'The cursor is not one that a list has given. Take it from the `Link` of a page.');
}
