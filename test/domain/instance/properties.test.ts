import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accept } from '#domain/instance/accept.ts';
import { claim, githubRefused, githubUnavailable, minted } from '#domain/instance/claim.ts';
import { decide } from '#domain/instance/decide.ts';
import { remove } from '#domain/instance/remove.ts';
import { shown } from '#domain/instance/shown.ts';
import { Instance, isBusy, isFinal, placementOf, type Report } from '#domain/instance.ts';
import { row, start } from './rows.ts';

const states: readonly Report['state'][] = [
  'pulling',
  'created',
  'running',
  'listening',
  'busy',
  'exited',
  'gone',
  'refused',
];

/** Something that happens to an instance, some time after what happened before. */
type Happening = (before: Instance, now: number) => Instance;

const roster = (now: number, silentMs: number) => ({ seen_at: now - silentMs, poll_seconds: 60 });
const random = fc.double({ min: 0, max: 0.999, noNaN: true });

const report: fc.Arbitrary<Happening> = fc
  .record({
    state: fc.constantFrom(...states),
    back: fc.constantFrom(0, 0, 0, 1, 1000),
    seq: fc.nat(50),
    at: fc.integer({ min: 0, max: 2 * start }),
    job: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
    retryable: fc.boolean(),
    random,
  })
  .map(
    ({ back, random, ...seen }) =>
      (before, now) =>
        accept(before, { ...seen, generation: before.generation - back }, { now, random: () => random }),
  );

const claiming: fc.Arbitrary<Happening> = fc
  .record({ outcome: fc.constantFrom('minted', 'again', 'lost', 'unavailable', 'refused'), random })
  .map(({ outcome, random }) => (before, now) => {
    const asked = { generation: before.generation, boot_id: 'boot', id: 'claim', atGithub: true };
    const verdict = claim(before, asked, now);
    if ('refused' in verdict) return before;
    const why = { code: 'github_unavailable', detail: 'GitHub has a problem.' };
    if (outcome === 'unavailable') return githubUnavailable(verdict.granted, { now, random: () => random }, why);
    if (outcome === 'refused') return githubRefused(verdict.granted, { now, random: () => random }, why);
    if (outcome === 'lost') return verdict.granted;
    return minted(verdict.granted, now, { fresh: outcome === 'minted' && verdict.granted.attempts < 5 });
  });

const sweeping: fc.Arbitrary<Happening> = fc
  .record({ silentMs: fc.constantFrom(0, 1000, 600_000, undefined), random })
  .map(({ silentMs, random }) => (before, now) => {
    const seen = silentMs === undefined ? undefined : roster(now, silentMs);
    return decide(before, seen, { now, random: () => random }).row;
  });

const removing: fc.Arbitrary<Happening> = fc
  .record({ force: fc.boolean(), connection: fc.constantFrom('online' as const, 'unreachable' as const) })
  .map((how) => (before, now) => {
    const verdict = remove(before, how, now);
    return 'row' in verdict ? verdict.row : before;
  });

const happening = fc.record({
  happens: fc.oneof(
    { weight: 8, arbitrary: report },
    { weight: 3, arbitrary: claiming },
    { weight: 2, arbitrary: sweeping },
    { weight: 1, arbitrary: removing },
  ),
  after: fc.constantFrom(0, 1, 1000, 20_000, 100_000, 1_000_000),
});

it('whatever happens to an instance in whatever order, what may never be never is', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (story) => {
      let before = row();
      let now = start;
      for (const { happens, after } of story) {
        now += after;
        const next = happens(before, now);

        expect(Instance.safeParse(next).success).toBe(true);
        expect(next.generation).toBeGreaterThanOrEqual(before.generation);
        if (next.want !== before.want) expect(next.want).toBe('gone');
        if (next.want === 'gone') expect(['failing', 'deleting', 'failed', 'deleted']).toContain(next.state);
        if (isFinal(before)) expect([before.state, 'deleted']).toContain(next.state);
        if (!isFinal(next) && next.state !== 'running') expect(next.due).toBeDefined();
        if (isBusy(next)) expect(next.state).toBe('running');
        expect(next.attempts).toBeLessThanOrEqual(5);
        expect(placementOf(next) === undefined).toBe(isFinal(next));
        const { status, reason } = shown(next, roster(now, 0), now);
        if (status !== 'online' && status !== 'busy') expect(reason?.detail).not.toBe('');
        // What has started is never started again.
        if (before.started_at !== undefined) expect(['requested', 'pulling', 'claimed']).not.toContain(next.state);
        before = next;
      }
    }),
    { numRuns: 2000 },
  );
});

it('one report twice is one report', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 12 }), report, fc.nat(1_000_000), (story, last, wait) => {
      const before = story.reduce((one, { happens }, i) => happens(one, start + i * 1000), row());
      const now = start + story.length * 1000;

      const once = last(before, now);

      // A changed generation makes it a report of something else.
      if (once.generation === before.generation) expect(last(once, now + wait)).toBe(once);
    }),
    { numRuns: 2000 },
  );
});
