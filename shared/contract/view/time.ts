/** A time of the table (epoch milliseconds) as the API shows it: RFC 3339 in UTC. */
export const timestamp = (epochMs: number): string => new Date(epochMs).toISOString();

/** The same for a time that may be absent. */
export const timestampOrNull = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : timestamp(epochMs);
