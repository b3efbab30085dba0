import { describe, expect, it } from 'vitest';
import { accept } from '#domain/instance/accept.ts';
import type { Instance } from '#domain/instance.ts';
import { at, claimed, row, running, seconds, seen, start, told } from './rows.ts';

const now = start + 5 * seconds;
const taken = (of: Instance, state: Parameters<typeof seen>[1], given = {}) =>
  accept(of, seen(of, state, given), at(now));

describe('a report moves', () => {
  it.each([
    ['requested', row(), 'pulling', 'pulling'],
    ['requested, its claim being lost', row(), 'running', 'started'],
    ['requested', row(), 'listening', 'running'],
    ['requested', row(), 'exited', 'ended'],
    ['pulling', row({ state: 'pulling' }), 'running', 'started'],
    ['claimed', claimed(), 'running', 'started'],
    ['claimed', claimed(), 'busy', 'running'],
    ['claimed', claimed(), 'exited', 'ended'],
    ['started', row({ state: 'started', started_at: start }), 'listening', 'running'],
    ['started', row({ state: 'started', started_at: start }), 'gone', 'ended'],
    ['running', running(), 'exited', 'ended'],
    ['running', running(), 'gone', 'ended'],
    ['ended', row({ state: 'ended' }), 'gone', 'failed'],
    ['ended, having listened', row({ state: 'ended', listening_at: start }), 'gone', 'stopped'],
    ['failing', row({ state: 'failing', want: 'gone' }), 'gone', 'failed'],
    ['deleting', row({ state: 'deleting', want: 'gone' }), 'gone', 'deleted'],
  ] as const)('%s (%#) by "%s" to "%s"', (_, before, report, state) => {
    expect(taken(before, report).state).toBe(state);
  });

  it.each([
    ['requested', row(), 'created'],
    ['requested', row(), 'gone'],
    ['pulling', row({ state: 'pulling' }), 'pulling'],
    ['claimed', claimed(), 'pulling'],
    ['claimed', claimed(), 'gone'],
    ['started', row({ state: 'started', started_at: start }), 'running'],
    ['started', row({ state: 'started', started_at: start }), 'refused'],
    ['running', running(), 'running'],
    ['running', running(), 'pulling'],
    ['running', running(), 'refused'],
    ['ended', row({ state: 'ended' }), 'running'],
    ['ended', row({ state: 'ended' }), 'exited'],
    ['failing', row({ state: 'failing', want: 'gone' }), 'running'],
    ['deleting', row({ state: 'deleting', want: 'gone' }), 'exited'],
    ['stopped', row({ state: 'stopped' }), 'gone'],
    ['failed', row({ state: 'failed' }), 'running'],
    ['deleted', row({ state: 'deleted', want: 'gone' }), 'gone'],
  ] as const)('%s not at all by "%s" (%#)', (_, before, report) => {
    expect(taken(before, report)).toBe(before);
  });
});

describe('a report', () => {
  it('of another generation changes nothing', () => {
    const before = claimed();

    for (const generation of [0, before.generation - 1, before.generation + 1]) {
      expect(taken(before, 'running', { generation })).toBe(before);
    }
  });

  it('that is repeated changes nothing', () => {
    const report = seen(claimed(), 'busy', { job: 'build' });
    const once = accept(claimed(), report, at(now));

    expect(accept(once, report, at(now + 1000))).toBe(once);
  });

  it('that comes late does not undo what is shown', () => {
    const busy = taken(running(), 'busy', { job: 'build', seq: 20 });

    expect(taken(busy, 'listening', { seq: 15 })).toBe(busy);
    expect(taken(busy, 'listening', { seq: 25 }).job).toBeUndefined();
  });

  it('of a start, of listening or of an end counts whenever it comes, even from a clock that was put back', () => {
    const pulling = taken(row(), 'pulling', { seq: 1_000_000 });

    const started = taken(pulling, 'running', { seq: 5 });
    const listens = taken(started, 'listening', { seq: 4 });
    const ended = taken(listens, 'exited', { seq: 3 });
    const gone = taken(ended, 'gone', { seq: 2 });

    expect([started, listens, ended, gone].map(({ state }) => state)).toEqual([
      'started',
      'running',
      'ended',
      'stopped',
    ]);
  });

  it('that comes after the end tells the node to remove it, under the generation that it knows', () => {
    const ended = taken(running(), 'exited', { exit_code: 0 });

    expect(told(ended)).toBe('gone');
    expect(ended).toMatchObject({ want: 'run', generation: running().generation, exit_code: 0, heartbeat_at: now });
  });

  it('of an end with a job says that it had listened', () => {
    const ended = taken(claimed(), 'exited', { job: 'build' });

    expect(taken(ended, 'gone').state).toBe('stopped');
  });

  it('has its times kept between the creation and now', () => {
    expect(taken(claimed(), 'running', { at: 0 }).started_at).toBe(start);
    expect(taken(claimed(), 'running', { at: now * 2 }).started_at).toBe(now);
    expect(taken(claimed(), 'running', { at: start + 7 }).started_at).toBe(start + 7);
  });

  it('gives a reason of its own, if it reads as one', () => {
    const given = { code: 'token_refused', detail: '\u001b[1mGitHub refused the token.\u0007' };
    const odd = { code: 'Robert"); DROP', detail: 'x' };

    expect(taken(running(), 'exited', { reason: given }).reason).toEqual({
      code: 'token_refused',
      detail: 'GitHub refused the token.',
      since: now,
    });
    expect(taken(running(), 'exited', { reason: odd }).reason?.code).toBe('exited');
  });
});

describe('a refusal', () => {
  const refused = (before: Instance, retryable = true) => taken(before, 'refused', { retryable });

  it('is an attempt, and the next one comes 10 s × 1.5 later each time', () => {
    let before = row();
    const waits: number[] = [];
    for (let attempt = 1; attempt < 5; attempt++) {
      before = refused(before);
      waits.push((before.not_before ?? 0) - now);
    }

    expect(waits).toEqual([10_000, 15_000, 22_500, 33_750]);
    expect(refused(before)).toMatchObject({ state: 'failing', want: 'gone', attempts: 5 });
  });

  it('after a claim that minted is the same attempt', () => {
    expect(refused(claimed({ attempts: 1 }))).toMatchObject({ state: 'requested', attempts: 1 });
  });

  it('for good fails at once, and raises the generation', () => {
    const failing = refused(claimed(), false);

    expect(failing).toMatchObject({ state: 'failing', want: 'gone', reason: { code: 'start_refused' } });
    expect(failing.generation).toBeGreaterThan(claimed().generation);
    expect(told(failing)).toBe('gone');
  });
});
