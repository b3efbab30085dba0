import type { Case } from './cases.ts';
import { type FaultKind, faultKinds } from './proxy.ts';
import { describeFaults } from './run.ts';
import { scenarios } from './scenarios/all.ts';

// A call that hangs is given up after seconds: of those only some are in the sample, and none hangs for good.
const hangs = ({ kind }: { readonly kind: FaultKind }) => kind.startsWith('hung');
const widths = (kind: FaultKind) => (hangs({ kind }) ? (['once'] as const) : (['once', 'on'] as const));

describeFaults({
  name: 'whatever becomes of a call on the wire',
  scenarios,
  casesOf: (scenario, calls) =>
    Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) =>
      faultKinds.flatMap((kind) => widths(kind).map((width): Case => ({ scenario, faults: [{ at, kind, width }] }))),
    ),
  sample(mixed, random) {
    const quick = mixed.filter(({ faults }) => !faults.some(hangs));
    const of = (width: string) => quick.filter(({ faults }) => faults[0]?.width === width);
    const slow = random() < 0.15 ? mixed.filter(({ faults }) => faults.some(hangs)).slice(0, 1) : [];
    return [...of('once').slice(0, 3), ...(random() < 0.4 ? of('on').slice(0, 1) : []), ...slow];
  },
});
