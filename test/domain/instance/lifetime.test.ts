import { describe, expect, it } from 'vitest';
import { finish } from '#domain/instance/change.ts';
import { decide } from '#domain/instance/decide.ts';
import { dueOf } from '#domain/instance/due.ts';
import { shown } from '#domain/instance/shown.ts';
import type { Instance } from '#domain/instance.ts';
import { at, minutes, running, start } from './rows.ts';

const hours = 60 * minutes;
const idle = running({ max_lifetime_minutes: 60 });
const busy = running({ max_lifetime_minutes: 60, job: { name: 'build', started_at: start } });
const decided = (row: Instance, now: number) => decide(row, { seen_at: now, poll_seconds: 60 }, at(now));

describe('the lifetime of an instance', () => {
  it('ends an idle one when it is over, if GitHub has no job for it, and that is no failure', () => {
    const before = decided(idle, start + 60 * minutes - 1);
    const { row, unlessBusy } = decided(idle, start + 60 * minutes);

    expect([before.row.state, before.unlessBusy]).toEqual(['running', false]);
    expect(row).toMatchObject({ state: 'failing', want: 'gone', reason: { code: 'lifetime_reached' } });
    expect(unlessBusy).toBe(true);
    expect(shown(row, undefined, start + hours).status).toBe('stopped');
    expect(finish(row, start + hours).state).toBe('stopped');
  });

  it('lets a job end, but not for ever: then it is stopped with the grace of a job', () => {
    const before = decided(busy, start + 7 * hours - 1);
    const { row, unlessBusy } = decided(busy, start + 7 * hours);

    expect(before.row.state).toBe('running');
    expect(row).toMatchObject({ state: 'failing', grace_seconds: 60, reason: { code: 'lifetime_reached' } });
    expect(unlessBusy).toBe(false);
  });

  it('is due when it is over, and a minute after a look that came to nothing', () => {
    expect(dueOf(running(), start)).toBeUndefined();
    expect(dueOf(idle, start)).toBe(start + hours);
    expect(dueOf(busy, start)).toBe(start + 7 * hours);
    expect(dueOf(idle, start + 2 * hours)).toBe(start + 2 * hours + minutes);
  });
});
