import { describe, expect, test } from 'vitest';
import { dummyHash, hashPassword, isPassword } from '#runtime/password.ts';
import { boundedQueue } from '#runtime/queue.ts';

describe('the hash of a password', () => {
  test('is argon2id of 19 MiB and two passes, as a PHC string', async () => {
    expect(await hashPassword('strongpassword')).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    );
  });

  test('fits exactly the password that was given', async () => {
    const hash = await hashPassword('pässwörd ');

    expect(await isPassword('pässwörd ', hash)).toBe(true);
    for (const other of ['pässwörd', 'Pässwörd ', 'pa\u0308sswo\u0308rd ', '']) {
      expect(await isPassword(other, hash)).toBe(false);
    }
  });

  // RFC 9106, 5.3 has a secret and associated data; this vector is of the reference implementation's test.c.
  test('is that of the reference implementation', async () => {
    const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

    expect(await isPassword('password', known)).toBe(true);
  });

  test('that nobody has costs the same and fits nothing', async () => {
    expect(dummyHash.split('$').slice(0, 4)).toEqual((await hashPassword('x')).split('$').slice(0, 4));
    expect(await isPassword('', dummyHash)).toBe(false);
  });
});

describe('the queue', () => {
  test('runs so many at a time, lets so many wait, and refuses the rest at once', async () => {
    const run = boundedQueue(2, 3);
    const { promise: open, resolve: letGo } = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await open;
      running -= 1;
    };
    const all = Array.from({ length: 8 }, () => run(work));
    const settled = Promise.allSettled(all);

    await expect(all[7]).rejects.toMatchObject({ code: 'service.unavailable' });
    letGo();

    const statuses = (await settled).map(({ status }) => status);
    expect(statuses).toEqual([...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')]);
    expect(most).toBe(2);
  });

  test('goes on after work that fails', async () => {
    const run = boundedQueue(1, 10);
    const outcomes = await Promise.allSettled([run(() => Promise.reject(new Error('no'))), run(async () => 'yes')]);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
