import { expect, test } from 'vitest';
import type { Case } from './cases.ts';
import { crashKinds } from './proxy.ts';
import { describeFaults } from './run.ts';
import { scenarios } from './scenarios/all.ts';

const tally = describeFaults({
  name: 'whenever the process that serves is killed',
  scenarios,
  apart: true,
  casesOf: (scenario, calls) =>
    Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) =>
      crashKinds.map((kind): Case => ({ scenario, faults: [{ at, kind, width: 'once' }] })),
    ),
  sample: (mixed, random) => (random() < 0.5 ? mixed.slice(0, 1) : []),
});

// A single case says nothing of how many there are.
test.skipIf(process.env.RUNNER_PILOT_TEST_CASE)('it can die in at least 120 distinct points', () => {
  const writes = [...tally.calls.values()]
    .flat()
    .filter(({ operation }) => /^(?:Transact)?(?:Put|Update|Delete|Write)/.test(operation));
  console.info(`${tally.cases} points, ${writes.length * 2} of them around a write; it died in ${tally.hit}`);
  expect(tally.cases).toBeGreaterThanOrEqual(120);
  expect(writes.length).toBeGreaterThanOrEqual(30);
  expect(tally.ran).toBeGreaterThanOrEqual(10);
  expect(tally.hit).toBe(tally.ran);
});
