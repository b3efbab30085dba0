import type { Position } from './log-line.ts';
import { problem } from './problem.ts';

/** Where a page of a log begins: after a line, or before one. */
export type LogPlace = { readonly before: Position } | { readonly after: Position };

const form = /^([ab])\.(\d{1,16})\.(\d{1,16})\.([A-Za-z0-9-]{1,64})$/;

/** A cursor of an instance's log. */
export const writeLogCursor = (place: LogPlace, instance: string): string => {
  const [side, { at, seq }] = 'before' in place ? (['b', place.before] as const) : (['a', place.after] as const);
  return `${side}.${at}.${seq}.${instance}`;
};

/** Reads a cursor; `request.malformed` unless it is one of this instance's log. */
export function readLogCursor(cursor: string, instance: string): LogPlace {
  const [, side, at, seq, uid] = form.exec(cursor) ?? [];
  if (side === undefined || uid !== instance) {
    throw problem('request.malformed', 'The cursor is not one of this log. Take it from the `Link` of a page.');
  }
  const position = { at: Number(at), seq: Number(seq) };
  return side === 'b' ? { before: position } : { after: position };
}
