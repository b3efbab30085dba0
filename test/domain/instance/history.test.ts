import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept } from '#domain/instance/accept.ts';
import { claim } from '#domain/instance/claim.ts';
import { eventsOf } from '#domain/instance/events.ts';
import { historyOf, type InstanceEvent } from '#domain/instance/history.ts';
import type { Observed } from '#domain/instance/observation.ts';
import { remove } from '#domain/instance/remove.ts';
import type { Instance } from '#domain/instance.ts';
import { row, start } from './rows.ts';

const keyOf = ({ code, at }: InstanceEvent) => `${at} ${code}`;
const reported = ['pulling', 'created', 'running', 'listening', 'busy', 'exited', 'gone', 'refused'] as const;

const acts = fc.oneof(
  fc.record({
    state: fc.constantFrom(...reported),
    job: fc.constantFrom('build', 'test'),
    job_result: fc.constantFrom(undefined, 'Succeeded' as const),
    retryable: fc.boolean(),
    exit_code: fc.constantFrom(0, 1),
  }),
  fc.constant('claim' as const),
  fc.record({ force: fc.boolean(), by: fc.constantFrom('user-1', undefined) }),
);

function act(before: Instance, what: typeof acts extends fc.Arbitrary<infer A> ? A : never, now: number): Instance {
  if (what === 'claim') {
    const verdict = claim(before, { generation: before.generation, boot_id: 'b', id: `c${now}` }, now);
    return 'granted' in verdict ? verdict.granted : before;
  }
  if ('force' in what) {
    const verdict = remove(before, { ...what, connection: 'online' }, now);
    return 'row' in verdict ? verdict.row : before;
  }
  const seen: Observed = { ...what, generation: before.generation, seq: now, at: now };
  return accept(before, seen, { now, random: () => 0.5 });
}

describe('what happened to an instance', () => {
  it('is told by its row or recorded, each time, and never lost or told twice', () => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 25 }), (all) => {
        const recorded: InstanceEvent[] = [];
        let now = start;
        let one = row();
        const ever = new Set(historyOf(one).map(keyOf));
        for (const what of all) {
          now += 20_000;
          const after = act(one, what, now);
          recorded.push(...eventsOf(one, after));
          one = after;
          for (const event of historyOf(one)) ever.add(keyOf(event));
        }
        const told = [...recorded, ...historyOf(one)].map(keyOf);

        expect(told.toSorted()).toEqual([...ever].toSorted());
      }),
    );
  });

  it('costs no event as long as nothing is tried again and one job runs', () => {
    let now = start;
    let one = row();
    const states: Observed['state'][] = ['pulling', 'created', 'running', 'listening', 'busy', 'exited', 'gone'];
    for (const state of states) {
      now += 1000;
      if (state === 'created') one = act(one, 'claim', now);
      const after = act(one, { state, job: 'build', job_result: undefined, retryable: false, exit_code: 0 }, now);
      expect(eventsOf(one, after)).toEqual([]);
      one = after;
    }
    expect(one.state).toBe('stopped');
  });
});
