import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { dummyHash, hashPassword, isPassword } from '../password.ts';
import { boundedQueue } from '../queue.ts';
import { service } from '../service.ts';

const longestQueue = 32;

/** Hashes and checks passwords: as many at once as there are cores, 32 waiting, the rest is `service.unavailable`. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Whether it is the password of a hash; without a hash, no, in the same time. */
  check(password: string, hash: string | undefined): Promise<boolean>;
}

/** Hashes passwords with argon2id. */
export const passwords = service({
  id: 'passwords',
  config: z.object({}),
  open: (): Passwords => {
    const queue = boundedQueue(availableParallelism(), longestQueue);
    return {
      hash: (password) => queue(() => hashPassword(password)),
      check: async (password, hash) => {
        const fits = await queue(() => isPassword(password, hash ?? dummyHash));
        return fits && hash !== undefined;
      },
    };
  },
});
