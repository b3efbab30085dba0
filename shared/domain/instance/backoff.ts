/** A number from 0 to (not including) 1. */
export type Random = () => number;

/** Spreads a delay by ± 20 %, so that what failed together does not come back together. */
const jittered = (ms: number, random: Random): number => Math.round(ms * (0.8 + 0.4 * random()));

/** How long to wait after the n-th attempt (1 and up): 10 s × 1.5 for each one before it, ± 20 %. */
export const attemptDelayMs = (attempts: number, random: Random): number =>
  jittered(10_000 * 1.5 ** Math.max(0, attempts - 1), random);

/** How long to leave GitHub alone that has been unavailable for so long: half of that, 10 s to 5 min, ± 20 %. */
export const unavailableDelayMs = (unavailableMs: number, random: Random): number =>
  jittered(Math.min(Math.max(unavailableMs / 2, 10_000), 300_000), random);

/** When to try again to delete a runner at GitHub: one minute, doubled with each try, 6 h at most. */
export const cleanupDelayMs = (tries: number): number => Math.min(60_000 * 2 ** Math.max(0, tries - 1), 21_600_000);
