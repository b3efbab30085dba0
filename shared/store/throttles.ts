import * as z from 'zod';
import { problem } from '#domain/problem.ts';
import { absent, any, expired, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { isExpired, type RowOptions, rowType } from './row.ts';
import { put, type Refused, remove } from './steps.ts';
import { bucket, type Doubling, doubling, type Metered, type Rate, type Verdict } from './throttle-rules.ts';

/** Throttle windows by name: hash what a name is made from. One write, two where there was something before. */
export interface Throttles {
  /** Takes one token. */
  take(name: string, rate: Rate): Promise<Verdict>;
  /** Counts an attempt: refused before the delay since the last one is over. */
  attempt(name: string, doubling: Doubling): Promise<Verdict>;
  /** Forgets the attempts: the right password was given. */
  forgive(name: string): Promise<void>;
}

const Window = z.object({ revision: z.int(), state: z.record(z.string(), z.number()) });
const row = rowType('throttle', Window);

/** Makes the repository of throttle windows. */
export function throttles(link: Link): Throttles {
  /**
   * Writes the next state over the one that was read, if nobody else has meanwhile. The first try is for a window that
   * is not there; where there is one, the refused write brings it along.
   */
  async function meter(name: string, step: (state: Metered | undefined, now: number) => ReturnType<typeof bucket>) {
    const key = keys.throttle(name);
    const wait = link.patience();
    let old: Refused;
    for (;;) {
      const now = link.now();
      const window = old && !isExpired(old, now) ? Window.parse(old) : undefined;
      const { verdict, next, expires_at } = step(window?.state, now);
      if (!verdict.allowed) return verdict;
      const free = window ? is('revision', '=', window.revision) : any(absent(), expired(now));
      const options: RowOptions = { expires_at };
      const written = await link.write(
        put(row.write(key, { revision: (window?.revision ?? 0) + 1, state: next }, options), free, (seen) => ({
          seen,
        })),
      );
      if (written.done) return verdict;
      const first = old === undefined;
      old = written.failed.seen;
      if (!first && !(await wait()))
        throw problem('service.unavailable', 'Too many do the same at once. Please try again.', {
          retryAfterSeconds: 1,
        });
    }
  }

  return {
    take: (name, rate) => meter(name, (state, now) => bucket(rate, state, now)),
    attempt: (name, rule) => meter(name, (state, now) => doubling(rule, state, now)),
    forgive: async (name) => {
      await link.write(remove(keys.throttle(name)));
    },
  };
}
