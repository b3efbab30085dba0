import { expect, test } from 'vitest';
import { isSurplus, surplusOf } from '#domain/replacement/surplus.ts';
import { keeper } from '#domain/replacement.ts';
import { row, running, start } from '../instance/rows.ts';

const ours = { kept: true, created_by: keeper };
const named = (uid: string, make: typeof row, given: Parameters<typeof row>[0]) => make({ uid, ...ours, ...given });

test('what is too many goes: first what does not listen, then the newest; never what is busy or somebody’s', () => {
  const rows = [
    named('busy', running, { job: { name: 'build', started_at: start } }),
    named('somebody’s', running, { created_by: 'john' }),
    named('ended', running, { state: 'ended' }),
    named('old', running, { created_at: start }),
    named('new', running, { created_at: start + 1 }),
    named('pulling', row, { state: 'pulling', created_at: start - 1 }),
  ];

  expect(surplusOf(rows, 9).map(({ uid }) => uid)).toEqual(['pulling', 'new', 'old']);
  expect(surplusOf(rows, 2).map(({ uid }) => uid)).toEqual(['pulling', 'new']);
  expect(rows.filter(isSurplus).map(({ uid }) => uid)).toEqual(['busy', 'old', 'new', 'pulling']);
});
