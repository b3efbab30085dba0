import { createHash } from 'node:crypto';
import * as z from 'zod';
import { problem } from '#domain/problem.ts';
import type { Rate, Verdict } from '#store/throttle-rules.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';

const rate = (fallback: string) =>
  z
    .string()
    .regex(/^\d{1,7}\/\d{1,5}(?:\.\d{1,3})?$/, 'must be "<at once>/<seconds for one more>", such as "10/360"')
    .default(fallback)
    .transform((text): Rate => {
      const [capacity = 1, refillSeconds = 1] = text.split('/').map(Number);
      return { capacity, refillSeconds };
    });

/** How much of what is allowed: so many at once, and one more each so many seconds. */
export const rateConfig = z.object({
  /** Registrations from one network. */
  RUNNER_PILOT_RATE_REGISTER: rate('10/360'),
  /** Logins from one network, whoever's. */
  RUNNER_PILOT_RATE_LOGIN: rate('60/2'),
  /** Logins of one person, from wherever. */
  RUNNER_PILOT_RATE_LOGIN_PERSON: rate('50/60'),
  /** Enrollments from one network. */
  RUNNER_PILOT_RATE_ENROLL: rate('30/10'),
  /** `POST`s of one user. */
  RUNNER_PILOT_RATE_WRITE: rate('200/0.5'),
  /** Reads of what an organization's nodes have written: the service's own quota is for the whole account. */
  RUNNER_PILOT_RATE_JOURNAL: rate('50/0.2'),
});

/** What is throttled by a rate. */
export type Policy = 'register' | 'login' | 'login_person' | 'enroll' | 'write' | 'journal';

// 1 s, 2 s, 4 s … a minute: some 66 guesses an hour of one person's password from one network, and no lock.
const guessing = { firstMs: 1000, maxMs: 60_000, forgetSeconds: 3600 };

// Names are hashed: no e-mail and no address stands in a key.
const named = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\n')).digest('base64url');

/** `rate.limited` where a verdict says so. */
export function enough({ allowed, retryAfterSeconds }: Pick<Verdict, 'allowed' | 'retryAfterSeconds'>): void {
  if (allowed) return;
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
  throw problem('rate.limited', `That was too often. Try again in ${seconds} s.`, { retryAfterSeconds: seconds });
}

/** How often something may be done. */
export interface Limits {
  /** Takes one of a policy's tokens for a subject. */
  take(policy: Policy, subject: string): Promise<Verdict>;
  /** The same, and `rate.limited` where there is none left. */
  require(policy: Policy, subject: string): Promise<void>;
  /** Counts a guess of somebody's password from a network: ever longer delays, `rate.limited` before they are over. */
  guess(email: string, network: string): Promise<void>;
  /** The right password was given. */
  forgive(email: string, network: string): Promise<void>;
}

/** How often something may be done, counted in the table. */
export const throttles = service({
  id: 'throttles',
  config: rateConfig,
  uses: [repositories],
  grants: [{ on: 'throttle-rows', actions: ['dynamodb:PutItem', 'dynamodb:DeleteItem'] }],
  open: (config, { use }): Limits => {
    const rates: Readonly<Record<Policy, Rate>> = {
      register: config.RUNNER_PILOT_RATE_REGISTER,
      login: config.RUNNER_PILOT_RATE_LOGIN,
      login_person: config.RUNNER_PILOT_RATE_LOGIN_PERSON,
      enroll: config.RUNNER_PILOT_RATE_ENROLL,
      write: config.RUNNER_PILOT_RATE_WRITE,
      journal: config.RUNNER_PILOT_RATE_JOURNAL,
    };
    const store = use(repositories).throttles;
    const take: Limits['take'] = (policy, subject) => store.take(named(policy, subject), rates[policy]);
    return {
      take,
      require: async (policy, subject) => enough(await take(policy, subject)),
      guess: async (email, network) => enough(await store.attempt(named('guess', email, network), guessing)),
      forgive: (email, network) => store.forgive(named('guess', email, network)),
    };
  },
});
