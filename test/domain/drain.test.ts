import { describe, expect, it } from 'vitest';
import { drain, drainDue, drainJob, drainStep } from '#domain/drain.ts';
import { finish } from '#domain/instance/change.ts';
import { minutes, row, running, seconds, start } from './instance/rows.ts';

const forever = drain(undefined, { by: 'jane' }, start);
const hour = drain(undefined, { by: 'jane', deadlineMinutes: 60 }, start);
const busy = running({ job: { name: 'build', started_at: start } });

describe('a drain', () => {
  it.each([
    ['removes what has not started', row(), 0, 'remove'],
    ['removes what listens', running(), 0, 'remove'],
    ['waits for a job', busy, 59 * minutes, 'wait'],
    ['ends a job at the deadline', busy, 60 * minutes, 'force'],
    [
      'ends what is idle by force at the deadline, so that a silent node is emptied too',
      running(),
      60 * minutes,
      'force',
    ],
    ['leaves what has ended to its node', running({ state: 'ended' }), 0, undefined],
    ['leaves what is being removed to its node', row({ state: 'deleting', want: 'gone' }), 90 * minutes, undefined],
    ['leaves what is final', row({ state: 'stopped' }), 90 * minutes, undefined],
  ])('%s', (_name, instance, after, step) => {
    expect(drainStep(instance, hour, start + after)).toBe(step);
  });

  it('at the deadline ends what runs a job, which then has stopped, and leaves what does not any more', () => {
    const end = start + 60 * minutes;
    const ended = drainJob(busy, hour, end, end);

    expect(ended).toMatchObject({ state: 'failing', want: 'gone', grace_seconds: 60, last_job: { name: 'build' } });
    expect(ended.reason).toEqual({
      code: 'drained',
      detail: 'Node-01 is being drained, and the deadline for jobs has passed: "build" was cancelled.',
      since: end,
    });
    expect(finish(ended, end).state).toBe('stopped');
    expect(drainJob(busy, hour, end - 1, end)).toBe(busy);
    const idle = running();
    expect(drainJob(idle, hour, end, end)).toBe(idle);
  });

  it('without a deadline waits for a job for days', () => {
    expect(drainStep(busy, forever, start + 5 * 24 * 60 * minutes)).toBe('wait');
  });

  it('is looked at until nothing is left to be ended, and at its deadline', () => {
    const gone = row({ state: 'deleting', want: 'gone' });

    expect(drainDue(hour, [gone, busy], start)).toBe(start + 15 * seconds);
    expect(drainDue(hour, [busy], start + 60 * minutes - 1)).toBe(start + 60 * minutes);
    expect(drainDue(hour, [busy], start + 61 * minutes)).toBe(start + 61 * minutes + 15 * seconds);
    expect(drainDue(hour, [gone], start)).toBeUndefined();
    expect(drainDue(forever, [], start)).toBeUndefined();
  });

  it('that is changed keeps its beginning, and forgets a deadline that is not given again', () => {
    const changed = drain(hour, { by: 'john', note: 'New disks' }, start + minutes);

    expect(changed).toEqual({ since: start, note: 'New disks', by: 'john' });
  });
});
