import { problem } from '#domain/problem.ts';

/** Runs at most `atOnce` at a time and lets `waiting` more wait; beyond that it refuses at once. */
export function boundedQueue(atOnce: number, waiting: number) {
  const queue: (() => void)[] = [];
  let running = 0;

  return async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) {
      if (queue.length >= waiting) {
        throw problem('service.unavailable', 'Too many are logging in right now. Try again.', { retryAfterSeconds: 1 });
      }
      // Whoever ends hands its place over, so that nobody slips in between.
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
