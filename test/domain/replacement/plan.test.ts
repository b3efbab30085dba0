import { describe, expect, it } from 'vitest';
import { type Plan, planOf, settledOf } from '#domain/replacement/plan.ts';
import type { Failure } from '#domain/replacement.ts';
import type { Runner } from '#domain/runner.ts';
import { at, minutes, seconds, start } from '../instance/rows.ts';
import { runnerRow } from '../rows.ts';

const now = start;
const failed = (given: Partial<Failure> = {}): Failure => ({
  node: 'node-1',
  created_at: now - 5 * seconds,
  at: now,
  code: 'image_not_found',
  detail: 'There is no such image.',
  ...given,
});
const reason = { code: 'image_not_found', detail: 'There is no such image.', since: now };
const troubled = { failures: 1, not_before: now + 10 * seconds, avoid: 'node-1', reason };
const plan = (given: Partial<Runner>, when = now): Plan =>
  planOf(runnerRow({ desired_instances: 3, alive: 0, ...given }), at(when));

describe('what is done about a number that is kept', () => {
  it.each<[string, Partial<Runner>, Partial<Plan>]>([
    ['nothing, where nobody keeps any', { desired_instances: 0, alive: 0 }, { make: 0, remove: 0 }],
    ['nothing, where there are as many', { alive: 3 }, { make: 0, remove: 0, replacement: undefined }],
    ['all that are missing', { alive: 1 }, { make: 2, probe: false }],
    ['all that are too many', { alive: 5 }, { make: 0, remove: 2 }],
    ['all, where none is desired any more', { desired_instances: 0, alive: 2, failed: failed() }, { remove: 2 }],
    ['to wait, after a failure', { failed: failed() }, { make: 0, due: troubled.not_before }],
    ['to wait for the one that is tried', { replacement: { ...troubled, not_before: now }, probe: 'x' }, { make: 0 }],
    ['to try one', { alive: 1, replacement: { ...troubled, not_before: now } }, { make: 1, probe: true }],
    ['the others, once that listens', { alive: 1, replacement: troubled, probe_listened_at: now }, { make: 2 }],
  ])('is %s', (_, given, expected) => {
    expect(plan(given)).toMatchObject(expected);
  });

  it('waits 10 s after a failure, half as much again after each further one, and a quarter of an hour at most', () => {
    const waits = [0, 1, 2, 5, 12, 40].map((failures) => {
      const { due = 0 } = plan({ failed: failed(), replacement: { failures } });
      return Math.round((due - now) / seconds);
    });
    expect(waits).toEqual([10, 15, 23, 76, 900, 900]);
  });

  it('counts those that were made together as one failure, also when they fail one after the other', () => {
    const second = plan({ failed: failed({ at: now + seconds }), replacement: troubled }, now + seconds);
    const next = plan({ failed: failed({ created_at: troubled.not_before }), replacement: troubled });

    expect(second.replacement).toMatchObject({ failures: 1, not_before: troubled.not_before });
    expect(next.replacement).toMatchObject({ failures: 2, reason });
  });

  it('begins anew after ten minutes that went well, or a job, and not where one listens only to end', () => {
    const listened_at = now - 10 * minutes;
    const one = { failures: 4, not_before: listened_at, listened_at };

    expect(plan({ failed: failed(), replacement: one }).replacement?.failures).toBe(1);
    const soon = { ...one, listened_at: now - minutes };
    const failures = (useful_at: number) =>
      plan({ failed: failed(), replacement: soon, useful_at }).replacement?.failures;
    expect(failures(now - 2 * minutes)).toBe(5);
    expect(failures(now - 1)).toBe(1);
  });
});

describe('what a look leaves behind', () => {
  const wanted = plan({ alive: 1 });

  it('is at rest once all are made, and due at once if some are left', () => {
    expect(settledOf(wanted, { made: 2 }, at(now))).toEqual({ replacement: undefined, due: undefined });
    expect(settledOf(wanted, { made: 1 }, at(now))).toEqual({ replacement: undefined, due: now });
  });

  it('says why it tries one alone, and leaves the rest to what becomes of it', () => {
    const tried = settledOf(plan({ replacement: { ...troubled, not_before: now } }), { made: 1 }, at(now));
    expect(tried).toEqual({ due: undefined, replacement: { ...troubled, not_before: now } });
  });

  const blocked = { code: 'node_none_available', detail: 'No node.', final: false };

  it('says what stands in the way, since when, and when it is tried again: in 10 s, later each minute', () => {
    const first = settledOf(wanted, { made: 0, blocked }, at(now));
    const { final: _, ...why } = blocked;
    const next_at = now + 10 * seconds;
    expect(first).toEqual({ due: next_at, replacement: { failures: 0, reason: { ...why, since: now }, next_at } });

    const before = first.replacement ?? { failures: 0 };
    const later = settledOf({ ...wanted, replacement: before }, { made: 0, blocked }, at(now + 10 * minutes));
    expect(later.replacement?.reason?.since).toBe(now);
    expect((later.due ?? 0) - now).toBe(11 * minutes);
  });

  it('is at rest where only a person can help', () => {
    const left = settledOf(wanted, { made: 0, blocked: { ...blocked, final: true } }, at(now));
    expect(left.due).toBeUndefined();
    expect(left.replacement).not.toHaveProperty('next_at');
  });

  it('forgets what stood in the way, and not how often it has failed', () => {
    const over = { failures: 2, not_before: now, listened_at: now, reason, next_at: now };
    expect(plan({ alive: 3, replacement: over }).replacement).toEqual({
      failures: 2,
      not_before: now,
      listened_at: now,
    });
    expect(plan({ alive: 3, replacement: { failures: 0, reason, next_at: now } }).replacement).toBeUndefined();
  });
});
