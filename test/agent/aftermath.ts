import { expect } from 'vitest';
import { label } from '#agent/node/labels.ts';
import { wrongContainers } from '#test/invariants.ts';
import type { Control } from './control.ts';
import { eventually, type TestMachine } from './machine.ts';

/** Expects, once all has converged, no container twice, of an instance that is gone, or that nobody knows. */
export async function expectNoStrays(machine: TestMachine, control: Control): Promise<void> {
  const stateOf = (uid: string) => {
    const row = control.rows.get(uid);
    return row && (row.gone ? 'final' : 'live');
  };
  let seen: string[] = [];
  await eventually('nothing to be wrong', async () => {
    const containers = (await machine.containers()).map(({ Names, Labels, State }) => ({
      uid: Labels?.[label.instance] ?? '',
      name: Names[0] ?? '',
      running: State === 'running',
    }));
    seen = wrongContainers(containers, stateOf);
    return seen.length === 0;
  }).catch(() => undefined);
  expect(seen).toEqual([]);
}
