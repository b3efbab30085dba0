import { expect, test } from 'vitest';
import { comparable, differences } from '../../../scripts/canary/compare.ts';
import type { Step } from '../../../scripts/canary/tour.ts';

const step = (body: unknown, status = 200): Step => ({ step: 'get node', status, body });
const ids = ['019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a', '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3b'];

test('ids, times, secrets, the tag and the address are no differences', () => {
  const here = [step({ uid: ids[0], created_at: '2025-10-15T12:00:00.000Z', token: 'a', self: 'http://x/c1' })];
  const there = [step({ uid: ids[1], created_at: '2026-01-01T00:00:00Z', token: 'b', self: 'https://y/c2' })];

  const found = differences(
    comparable(here, { tag: 'c1', url: 'http://x' }),
    comparable(there, { tag: 'c2', url: 'https://y' }),
  );

  expect(found).toEqual([]);
});

test('that two ids are the same, or are not, is compared', () => {
  const own = { tag: 'c1', url: 'http://x' };
  const here = comparable([step({ node: ids[0], runner: ids[0] })], own);
  const there = comparable([step({ node: ids[0], runner: ids[1] })], own);

  expect(differences(here, there)).toEqual([
    { step: 'get node', path: 'body.runner', here: '<id 1>', there: '<id 2>' },
  ]);
});

test.each([
  ['another status', step({ a: 1 }), step({ a: 1 }, 500), 'status'],
  ['another value', step({ a: { b: 1 } }), step({ a: { b: 2 } }), 'body.a.b'],
  ['a member less', step({ a: 1, b: 2 }), step({ a: 1 }), 'body.b'],
  ['a member more', step({ a: 1 }), step({ a: 1, b: 2 }), 'body.b'],
  ['another type', step({ a: 1 }), step({ a: '1' }), 'body.a'],
  ['an item less', step([1, 2]), step([1]), 'body.1'],
  ['null where something was', step({ a: {} }), step({ a: null }), 'body.a'],
  ['another code of a problem', step({ code: 'a.b' }), step({ code: 'a.c' }), 'body.code'],
])('%s is a difference, by its path', (_, here, there, path) => {
  expect(differences([here], [there]).map((found) => found.path)).toEqual([path]);
});

test('an answer that is missing is a difference', () => {
  expect(differences([step(1), step(2)], [step(1)])).toHaveLength(2);
});

test('what every installation has of its own is left out by its path only', () => {
  const here = [step({ region: 'local', name: 'a' })];
  const there = [step({ region: 'eu-central-1', name: 'b' })];

  expect(differences(here, there, [/\.region$/]).map(({ path }) => path)).toEqual(['body.name']);
});
