/** The number of the next intent, or of the next report: it grows even when the clock goes back. */
export const nextNumber = (previous: number, now: number): number => Math.max(previous + 1, now);
