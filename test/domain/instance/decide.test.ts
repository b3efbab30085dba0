import { describe, expect, it } from 'vitest';
import { decide, type LastSync } from '#domain/instance/decide.ts';
import type { Instance } from '#domain/instance.ts';
import { at, claimed, minutes, row, running, seconds, start } from './rows.ts';

const synced = (seen_at: number): LastSync => ({ seen_at, poll_seconds: 60 });
const decided = (before: Instance, now: number, roster: LastSync = synced(now)) => decide(before, roster, at(now));

describe('a deadline', () => {
  it.each([
    ['requested', row(), 15 * minutes, 'provision_timeout'],
    ['pulling', row({ state: 'pulling' }), 30 * minutes, 'pull_timeout'],
    ['started', row({ state: 'started' }), 5 * minutes, 'never_listened'],
  ] as const)('of %s fails it, and not a moment before', (_, before, ms, code) => {
    expect(decided(before, start + ms - 1).row.state).toBe(before.state);
    expect(decided(before, start + ms).row).toMatchObject({ state: 'failing', want: 'gone', reason: { code } });
  });

  it('of what nobody has claimed says what is wrong with the node', () => {
    const end = start + 15 * minutes;

    expect(decide(row(), undefined, at(end)).row.reason?.code).toBe('node_never_connected');
    expect(decided(row(), end, synced(start - 1)).row.reason).toMatchObject({
      code: 'node_unreachable',
      detail: expect.stringMatching(/^Node-01 has been silent since 2025-10-15T12:09:59Z; see that it is up/),
    });
    expect(decided(row(), end, synced(start)).row.reason?.code).toBe('provision_timeout');
  });

  it.each([
    ['claimed', claimed(), 90 * seconds],
    ['started', row({ state: 'started' }), 5 * minutes],
  ] as const)('of %s has no consequence while the node is silent, and is looked at again', (_, before, ms) => {
    const now = start + 10 * ms;
    const decision = decided(before, now, synced(start + ms - 1));

    expect(decision.row).toMatchObject({ state: before.state, want: 'run' });
    expect(decision.row.due).toBeGreaterThan(now);
    expect(decision.ring).toBe(false);
  });

  it('of a claim asks again, later each time, and fails after the fifth', () => {
    const now = start + 90 * seconds;

    expect(decided(claimed({ attempts: 2 }), now).row).toMatchObject({
      state: 'requested',
      attempts: 2,
      not_before: now + 15_000,
    });
    expect(decided(claimed({ attempts: 5 }), now).row).toMatchObject({
      state: 'failing',
      reason: { code: 'start_timeout' },
    });
  });

  it('while GitHub is unavailable is 6 h', () => {
    const reason = { code: 'github_unavailable', detail: 'GitHub has a problem of its own (502).', since: start };
    const before = row({ github_unavailable_since: start, reason });

    expect(decided(before, start + 359 * minutes).row.state).toBe('requested');
    expect(decided(before, start + 360 * minutes).row).toMatchObject({
      state: 'failing',
      reason: { code: reason.code },
    });
  });
});

describe('a bell', () => {
  it.each(['requested', 'ended', 'failing', 'deleting'] as const)('rings for what is %s, from 15 s on', (state) => {
    const before = row({ state, want: ['failing', 'deleting'].includes(state) ? 'gone' : 'run' });

    expect(decided(before, start + 14 * seconds).ring).toBe(false);
    expect(decided(before, start + 15 * seconds).ring).toBe(true);
  });

  it.each(['pulling', 'claimed', 'started', 'running'] as const)('does not ring for what is %s', (state) => {
    expect(decided(row({ state }), start + minutes).ring).toBe(false);
  });

  it('does not ring for what has to wait', () => {
    expect(decided(row({ not_before: start + minutes }), start + 30 * seconds).ring).toBe(false);
  });

  it('rings ever more rarely, but at least each quarter of an hour', () => {
    const before = row({ state: 'deleting', want: 'gone' });
    const gap = (waited: number) => (decided(before, start + waited).row.due ?? 0) - start - waited;

    expect([15 * seconds, 2 * minutes, 10 * minutes, 600 * minutes].map(gap)).toEqual([
      15 * seconds,
      2 * minutes,
      10 * minutes,
      15 * minutes,
    ]);
  });
});

describe('at rest', () => {
  it('is what runs, and what is final and forgotten at GitHub', () => {
    expect(decided(running(), start + minutes).row.due).toBeUndefined();
    expect(decided(row({ state: 'stopped', github_runner: 'forgotten' }), start + minutes).row.due).toBeUndefined();
    expect(decided(row({ state: 'stopped', github_runner: 'registered' }), start + minutes).row.due).toBeDefined();
  });
});

describe('the runner at GitHub', () => {
  const registered = { github_runner: 'registered' } as const;

  it('is forgotten 30 s after nobody wants it any more, then ever more rarely', () => {
    const before = row({ state: 'deleted', want: 'gone', ...registered });
    const again = { ...before, github_tries: 3, github_tried_at: start };

    expect(decided(before, start + 29 * seconds).forget).toBe(false);
    expect(decided(before, start + 30 * seconds).forget).toBe(true);
    expect(decided(again, start + 239 * seconds).forget).toBe(false);
    expect(decided(again, start + 240 * seconds).forget).toBe(true);
  });

  it('is left alone while the instance is wanted', () => {
    expect(decided(claimed(registered), start + 60 * minutes, synced(start)).forget).toBe(false);
  });
});

describe('an alarm', () => {
  it('is for a removal that a node which syncs has not confirmed for 15 minutes', () => {
    const before = row({ state: 'deleting', want: 'gone' });

    expect(decided(before, start + 14 * minutes).alarm).toBeUndefined();
    expect(decided(before, start + 15 * minutes).alarm).toBeDefined();
    expect(decided(before, start + 60 * minutes, synced(start)).alarm).toBeUndefined();
  });
});
