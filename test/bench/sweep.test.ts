import { expect, test } from 'vitest';
import { sweeps } from '../../bench/sweep.ts';

test('a sweep costs what is due, however much is at rest', { timeout: 120_000 }, async () => {
  const { few, many } = await sweeps({ few: 100, many: 10_000, rounds: 1, withinMs: 60_000 });

  expect(many.atRest).toBeGreaterThanOrEqual(10 * few.atRest);
  expect(few.cost.wcu).toBeGreaterThanOrEqual(50);
  expect(many.cost).toEqual(few.cost);
});
