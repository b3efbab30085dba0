import { expect, it } from 'vitest';
import { inTurn } from '#domain/fair.ts';
import { compare } from '#domain/strays.ts';

const now = 1_760_530_200_000;
const there = (name: string, busy = false) => ({ id: 1, name, busy });

it('a runner at GitHub without a row is removed after two sightings that are a minute apart', () => {
  const first = compare([there('rp-1'), there('rp-2')], new Set(['rp-2']), {}, now);
  expect(first).toEqual({ remove: [], strays: { 'rp-1': now } });

  expect(compare([there('rp-1')], new Set(), first.strays, now + 59_999).remove).toEqual([]);
  expect(compare([there('rp-1')], new Set(), first.strays, now + 60_000).remove).toEqual([there('rp-1')]);
});

it('one that runs a job, or has a row by now, is left alone', () => {
  const strays = { 'rp-1': now - 600_000 };

  expect(compare([there('rp-1', true)], new Set(), strays, now)).toEqual({ remove: [], strays });
  expect(compare([there('rp-1')], new Set(['rp-1']), strays, now)).toEqual({ remove: [], strays: {} });
});

it('of many organizations one row each is taken in turn', () => {
  expect(inTurn(['a1', 'a2', 'a3', 'b1', 'c1', 'c2'], ([org = '']) => org)).toEqual([
    'a1',
    'b1',
    'c1',
    'a2',
    'c2',
    'a3',
  ]);
  expect(inTurn([], () => '')).toEqual([]);
});
