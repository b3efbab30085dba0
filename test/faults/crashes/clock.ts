/** The clock of a process whose functions are told the time: with each request, how far ahead of the machine's it is. */
export const systemClock = { now: () => Date.now() + aheadMs };

let aheadMs = 0;

/** Sets how far ahead it is. */
export const setAhead = (ms: number): void => {
  aheadMs = ms;
};
