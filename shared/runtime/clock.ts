/** Where the time comes from: epoch milliseconds. */
export interface Clock {
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = Object.freeze({ now: () => Date.now() });
