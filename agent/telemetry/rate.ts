/** How much may come at once, in seconds of the rate. */
const burstSeconds = 5;

/** What was dropped since it was last said. */
export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Lets so many bytes a second through. It goes by the times of the lines and not by the clock, so that a log that is
 * read late is treated as one that is read at once.
 */
export function createRate(bytesPerSecond: number) {
  const most = bytesPerSecond * burstSeconds;
  let left = most;
  let atMs = 0;
  let lines = 0;
  let bytes = 0;

  return {
    /** May this line go? */
    allows(lineAtMs: number, size: number): boolean {
      if (lineAtMs > atMs) {
        left = Math.min(most, left + ((lineAtMs - atMs) / 1000) * bytesPerSecond);
        atMs = lineAtMs;
      }
      if (left >= size) {
        left -= size;
        return true;
      }
      lines++;
      bytes += size;
      return false;
    },

    /** What was allowed did not go after all. */
    giveBack(size: number): void {
      left = Math.min(most, left + size);
    },

    /** What was dropped since this was last asked. */
    takeDropped(): Dropped | undefined {
      if (lines === 0) return undefined;
      const dropped = { lines, bytes };
      lines = 0;
      bytes = 0;
      return dropped;
    },
  };
}
