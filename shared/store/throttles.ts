import * as z from 'zod';
import { type Problem, problem } from '#domain/problem.ts';
import { absent, all, any, expired, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { isExpired, type RowOptions, rowType, ttlSeconds } from './row.ts';
import { put, type Refused, remove, update } from './steps.ts';
import { bucket, type Doubling, doubling, type Metered, type Rate, type Step, type Verdict } from './throttle-rules.ts';

/** Throttle windows by name: hash what a name is made from. One write, two where there was something before. */
export interface Throttles {
  /** Takes one token. */
  take(name: string, rate: Rate): Promise<Verdict>;
  /** Counts an attempt: refused before the delay since the last one is over. */
  attempt(name: string, doubling: Doubling): Promise<Verdict>;
  /** Forgets the attempts: the right password was given. */
  forgive(name: string): Promise<void>;
}

const Window = z.object({ revision: z.int(), state: z.record(z.string(), z.number()), by: z.string().optional() });
const row = rowType('throttle', Window);
const bucketRow = rowType('bucket', z.object({ full_at: z.number() }));

const busy = (): Problem =>
  problem('service.unavailable', 'Too many do the same at once. Please try again.', { retryAfterSeconds: 1 });

/** When a bucket that is there will be full again; undefined where it is full. */
const fullAtOf = (seen: Refused, now: number): number | undefined =>
  typeof seen?.full_at === 'number' && seen.full_at > now ? seen.full_at : undefined;

/** Makes the repository of throttle windows. */
export function throttles(link: Link): Throttles {
  /**
   * Writes the next state over the one that was read, if nobody else has meanwhile. The first try is for a window that
   * is not there; where there is one, the refused write brings it along.
   */
  async function meter(name: string, step: (state: Metered | undefined, now: number) => Step) {
    const key = keys.throttle(name);
    const wait = link.patience();
    // Where the answer to our write was lost, the next try is refused by the row that we have written ourselves.
    const by = link.newId();
    let old: Refused;
    for (;;) {
      const now = link.now();
      const window = old && !isExpired(old, now) ? Window.parse(old) : undefined;
      const { verdict, next, expires_at } = step(window?.state, now);
      if (!verdict.allowed) return verdict;
      const free = window ? is('revision', '=', window.revision) : any(absent(), expired(now));
      const options: RowOptions = { expires_at };
      const written = await link.write(
        put(row.write(key, { revision: (window?.revision ?? 0) + 1, state: next, by }, options), free, (seen) => ({
          seen,
        })),
      );
      if (written.done || written.failed.seen?.by === by) return verdict;
      const first = old === undefined;
      old = written.failed.seen;
      if (!first && !(await wait())) throw busy();
    }
  }

  /**
   * Takes from a full bucket by writing it, from another by adding to it: those who take at once do not get in each
   * other's way, however many they are.
   */
  async function take(name: string, rate: Rate): Promise<Verdict> {
    const key = keys.throttle(name);
    const tokenMs = rate.refillSeconds * 1000;
    const wait = link.patience();
    do {
      const now = link.now();
      const fresh = bucket(rate, undefined, now);
      const options = { expires_at: now + rate.capacity * tokenMs };
      const isFull = any(absent(), is('full_at', '<=', now));
      const written = await link.write(
        put(bucketRow.write(key, { full_at: now + tokenMs }, options), isFull, (seen) => ({ seen })),
      );
      if (written.done) return fresh.verdict;
      const full_at = fullAtOf(written.failed.seen, now);
      const known = bucket(rate, full_at === undefined ? undefined : { full_at }, now);
      if (!known.verdict.allowed) return known.verdict;
      const added = await link.write(
        update(
          key,
          { add: { full_at: tokenMs }, set: { expires_at: ttlSeconds(options.expires_at) } },
          all(is('full_at', '>', now), is('full_at', '<=', now + (rate.capacity - 1) * tokenMs)),
          () => ({ seen: undefined }),
        ),
      );
      const before = added.done ? fullAtOf(added.before, now) : undefined;
      if (before !== undefined) return bucket(rate, { full_at: before }, now).verdict;
    } while (await wait());
    throw busy();
  }

  return {
    take,
    attempt: (name, rule) => meter(name, (state, now) => doubling(rule, state, now)),
    forgive: async (name) => {
      await link.write(remove(keys.throttle(name)));
    },
  };
}
