/** An event as it is stored and ordered. */
export interface LogEvent {
  readonly at: number;
  readonly message: string;
  readonly ingestedAt: number;
  /** Where its batch begins in the stream, and which of the batch's events it is. */
  readonly offset: number;
  readonly ordinal: number;
}

/** A place between two events of a stream: events are in the order of time, then of arrival. */
export type Position = Pick<LogEvent, 'at' | 'offset' | 'ordinal'>;

/** Negative if `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  return a.at - b.at || a.offset - b.offset || a.ordinal - b.ordinal;
}

/** The place directly behind an event. */
export function behind({ at, offset, ordinal }: Position): Position {
  return { at, offset, ordinal: ordinal + 1 };
}

/** The place before every event of this time. */
export function before(at: number): Position {
  return { at, offset: 0, ordinal: 0 };
}

/** 56 digits, as AWS's ids have, that sort as the events do. */
export function eventId({ at, offset, ordinal }: Position): string {
  return at.toString().padStart(24, '0') + offset.toString().padStart(20, '0') + ordinal.toString().padStart(12, '0');
}

/** Reads {@link eventId} back; undefined if it is none. */
export function parseEventId(id: string): Position | undefined {
  const [, at, offset, ordinal] = /^(\d{24})(\d{20})(\d{12})$/.exec(id) ?? [];
  return at === undefined ? undefined : { at: Number(at), offset: Number(offset), ordinal: Number(ordinal) };
}

/** What an event counts, in a batch and in a page: its text in UTF-8 and 26 bytes. */
export function sizeOf(message: string): number {
  return Buffer.byteLength(message) + 26;
}
