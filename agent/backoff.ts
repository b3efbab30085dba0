/** How long to wait before the next try: 1 s, 2 s, 4 s … up to a limit, give or take a half, so that nodes spread. */
export const backoffMs = (failures: number, mostMs: number): number =>
  Math.min(mostMs, 1000 * 2 ** Math.min(failures, 20)) * (0.5 + Math.random());
