import { v7 } from 'uuid';
import { expect, it } from 'vitest';
import { type Suite, together } from './world.ts';

/** What must hold of throttles and leases on every engine. */
export const throttles: Suite = (world) => {
  const tenth = { capacity: 10, refillSeconds: 36 };

  it('allows as many at once as the bucket holds, of a hundred who try, and tells the others when', async () => {
    const { table } = world();
    const name = v7();

    const { won } = await together(100, () => table.throttles.take(name, tenth));

    expect(won).toHaveLength(100);
    expect(won.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(won.filter(({ allowed }) => !allowed).every(({ retryAfterSeconds }) => retryAfterSeconds === 36)).toBe(true);
  });

  it('lets two hundred take at once from a large bucket, and counts each', async () => {
    const { table } = world();
    const name = v7();
    const large = { capacity: 1000, refillSeconds: 3600 };

    const { won } = await together(200, () => table.throttles.take(name, large));

    expect(won.filter(({ allowed }) => allowed)).toHaveLength(200);
    expect((await table.throttles.take(name, large)).remaining).toBe(799);
  });

  it('counts down what remains, and fills up again one by one', async () => {
    const { table, clock } = world();
    const name = v7();

    const remaining = [];
    for (let index = 0; index < 11; index += 1) remaining.push((await table.throttles.take(name, tenth)).remaining);
    expect(remaining).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);

    clock.now += 36_000;
    expect(await table.throttles.take(name, tenth)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await table.throttles.take(name, tenth)).toMatchObject({ allowed: false, retryAfterSeconds: 36 });
    clock.now += 3600_000;
    expect(await table.throttles.take(name, tenth)).toMatchObject({ allowed: true, remaining: 9, resetSeconds: 36 });
  });

  it('allows at most 110 in any hour of ten thousand guesses', async () => {
    const { table, clock } = world();
    const name = v7();
    const from = clock.now;
    let allowed = 0;
    while (clock.now < from + 3600_000) {
      if ((await table.throttles.take(name, tenth)).allowed) allowed += 1;
      clock.now += 9_000;
    }

    expect(allowed).toBeLessThanOrEqual(110);
    expect(allowed).toBeGreaterThan(100);
  });

  it('doubles the delay after each attempt up to a ceiling, and forgets', async () => {
    const { table, clock } = world();
    const name = v7();
    const rule = { firstMs: 1000, maxMs: 8000, forgetSeconds: 3600 };

    for (const seconds of [1, 2, 4, 8, 8]) {
      expect((await table.throttles.attempt(name, rule)).allowed).toBe(true);
      const refused = await table.throttles.attempt(name, rule);
      expect(refused).toMatchObject({ allowed: false, retryAfterSeconds: seconds });
      clock.now += seconds * 1000;
    }

    await table.throttles.attempt(name, rule);
    await table.throttles.forgive(name);
    expect((await table.throttles.attempt(name, rule)).resetSeconds).toBe(1);
    clock.now += 2 * 3600_000;
    expect((await table.throttles.attempt(name, rule)).resetSeconds).toBe(1);
  });

  it('lets one of fifty make an attempt at a time', async () => {
    const { table } = world();
    const name = v7();

    const { won } = await together(50, () =>
      table.throttles.attempt(name, { firstMs: 60_000, maxMs: 60_000, forgetSeconds: 60 }),
    );

    expect(won.filter(({ allowed }) => allowed)).toHaveLength(1);
  });

  it('gives a lease to one of fifty, again to its holder, and to another when it is over or given back', async () => {
    const { table, clock } = world();
    const name = v7();

    const { won } = await together(
      50,
      async (index) => [index, await table.leases.take(name, `${index}`, 30)] as const,
    );
    const holders = won.filter(([, taken]) => taken);
    expect(holders).toHaveLength(1);
    const holder = String(holders[0]?.[0]);

    expect(await table.leases.take(name, holder, 30)).toBe(true);
    expect(await table.leases.take(name, 'other', 30)).toBe(false);
    await table.leases.release(name, 'other');
    expect(await table.leases.take(name, 'other', 30)).toBe(false);
    clock.now += 30_000;
    expect(await table.leases.take(name, 'other', 30)).toBe(true);
    await table.leases.release(name, 'other');
    expect(await table.leases.take(name, holder, 30)).toBe(true);
  });
};
