import { Problem } from '#domain/problem.ts';
import { isTransient, translated } from './failures.ts';

/** How long to go on, and how to wait. */
export interface RetryOptions {
  readonly budgetMs: number;
  readonly random?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

const firstWaitMs = 25;
const longestWaitMs = 400;

const sleeping = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A wait before the next attempt: anything up to a bound that doubles ("full jitter"). False once the budget is spent. */
export function backoff({ budgetMs, random = Math.random, sleep = sleeping }: RetryOptions): () => Promise<boolean> {
  const startedAt = performance.now();
  let bound = firstWaitMs;
  return async () => {
    const waitMs = random() * bound;
    if (performance.now() - startedAt + waitMs > budgetMs) return false;
    bound = Math.min(bound * 2, longestWaitMs);
    await sleep(waitMs);
    return true;
  };
}

/**
 * Sends a request until it succeeds, fails for good, or the budget is spent. `final` says which errors of the SDK the
 * caller understands itself; all others leave as problems.
 */
export async function retrying<T>(
  options: RetryOptions,
  request: () => Promise<T>,
  final: (error: unknown) => T | undefined = () => undefined,
): Promise<T> {
  const wait = backoff(options);
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (isTransient(error)) {
        if (await wait()) continue;
        throw translated(error);
      }
      const understood = final(error);
      if (understood !== undefined) return understood;
      throw translated(error);
    }
  }
}
