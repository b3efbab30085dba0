/** Which part of a list: at most `limit` items (1,000 without it), after `cursor`. */
export interface PageOptions<T> {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Items for which it is false are left out, and do not count. */
  readonly keep?: (item: T) => boolean;
}

/** A part of a list; `cursor` leads to the next one, and is absent on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}
