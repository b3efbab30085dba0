import { expect, test } from 'vitest';
import type { Case } from './cases.ts';
import { type FaultKind, faultKinds } from './proxy.ts';
import { describeFaults } from './run.ts';
import { scenarios } from './scenarios/all.ts';

const important = [
  'create an instance and claim its start',
  'report its start and its end',
  'delete an idle instance',
  'sweep over an instance that was never started',
  'enroll a machine',
  'delete a node by force',
];

/** What happens to one call, and then to another: of the same request, or of the one that repeats it. */
const pairsAt = (first: number, second: number) =>
  faultKinds.flatMap((one) =>
    faultKinds.map((other) => [
      { at: first, kind: one, width: 'once' as const },
      { at: first + second, kind: other, width: 'once' as const },
    ]),
  );

const hangs = ({ kind }: { readonly kind: FaultKind }) => kind.startsWith('hung');

const tally = describeFaults({
  name: 'whatever becomes of two calls on the wire',
  scenarios: scenarios.filter(({ name }) => important.includes(name)),
  casesOf: (scenario, calls) => {
    const numbers = Array.from({ length: calls }, (_, index) => index + 1);
    return numbers
      .flatMap((first) => numbers.flatMap((second) => pairsAt(first, second)))
      .map((faults): Case => ({ scenario, faults }));
  },
  sample: (mixed) => mixed.filter(({ faults }) => !faults.some(hangs)).slice(0, 6),
});

// A single case says nothing of how many there are.
test.skipIf(process.env.RUNNER_PILOT_TEST_CASE)('often enough both faults have hit', () => {
  console.info(`${tally.cases} pairs, of ${tally.ran} that ran ${tally.hit} had both of their faults`);
  expect(tally.calls.size).toBe(important.length);
  expect(tally.hit).toBeGreaterThan(tally.ran / 5);
});
