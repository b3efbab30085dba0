import { expect, test } from 'vitest';
import { placementOf } from '#domain/instance.ts';
import { row as instance } from './domain/instance/rows.ts';
import { nodeRow, runnerRow } from './domain/rows.ts';
import { changedFinals, type Held, type RawRow, violations } from './invariants.ts';

const live = instance();
const org = `ORG#${live.org}`;
const now = 1_000_000;
const ended = instance({ uid: 'ended', state: 'stopped', want: 'run', due: undefined });

/** A table in which all is well. */
const sound: readonly RawRow[] = [
  { pk: org, sk: `INSTANCE#${live.runner}#${live.uid}`, ...live, due: now },
  { pk: org, sk: `PAST#${ended.runner}#${ended.uid}`, ...ended },
  { pk: org, sk: `NODE#${live.node}`, ...nodeRow({ uid: live.node, instances: 1 }) },
  { pk: org, sk: `RUNNER#${live.runner}`, ...runnerRow({ uid: live.runner, instances: 1 }) },
  { pk: org, sk: 'COUNT', instances: 1, nodes: 1, runners: 1 },
  { pk: `NODE#${live.node}`, sk: `INSTANCE#${live.uid}`, ...placementOf(live) },
  { pk: 'USER#u', sk: 'USER', uid: 'u' },
  { pk: 'EMAIL#e', sk: 'EMAIL', uid: 'u' },
];
const container = { uid: live.uid, name: `rp-${live.uid}`, running: true };
const held: Held = { now, sweepMs: 1000, secrets: ['canary'], acknowledged: [live.uid], containers: [container] };

/** The table with one kind of row changed; an empty change takes it away. */
const but = (sk: RegExp, change?: Readonly<Record<string, unknown>>): RawRow[] =>
  sound.flatMap((row) => (sk.test(`${row.pk} ${row.sk}`) ? (change ? [{ ...row, ...change } as RawRow] : []) : [row]));

test('in a sound table nothing is wrong', () => {
  expect(violations(sound, held)).toEqual([]);
  expect(changedFinals(sound, sound)).toEqual([]);
});

test.each<[number, string, readonly RawRow[], Partial<Held>]>([
  [1, 'a container that runs twice', sound, { containers: [container, container] }],
  [2, 'a container of what is final', sound, { containers: [{ ...container, uid: ended.uid }] }],
  [3, 'a state that does not fit what is wanted', but(/^ORG.* INSTANCE/, { want: 'gone' }), {}],
  [5, 'a live row without its node', but(/^ORG.* NODE/), {}],
  [5, 'a live row without its runner', but(/^ORG.* RUNNER/), {}],
  [5, 'a node that is told something else', but(/^NODE/, { image: 'other' }), {}],
  [5, 'a node that is told nothing', but(/^NODE/), {}],
  [5, 'a node that is told of what is not there', but(/^ORG.* INSTANCE/), {}],
  [6, 'a counter that is off', but(/COUNT$/, { instances: 2 }), {}],
  [7, 'a user without an e-mail', but(/EMAIL$/), {}],
  [7, 'an e-mail of nobody', but(/USER$/), {}],
  [8, 'a row that is overdue', but(/^ORG.* INSTANCE/, { due: now - 2001 }), {}],
  [8, 'a row that is never due', but(/^ORG.* INSTANCE/, { due: undefined }), {}],
  [9, 'a secret', but(/COUNT$/, { note: 'the canary' }), {}],
  [10, 'what was acknowledged and is not there', sound, { acknowledged: ['lost'] }],
  [11, 'a container that nothing explains', sound, { containers: [{ ...container, uid: 'unknown' }] }],
])('number %i is found: %s', (number, _, rows, more) => {
  const found = violations(rows, { ...held, ...more });

  expect(found.map((one) => Number.parseInt(one, 10))).toContain(number);
});

test.each([
  ['changes', but(/PAST/, { reason: { code: 'exited', detail: 'Later.', since: 1 } })],
  ['vanishes', but(/PAST/)],
])('number 4 is found: a final row that %s', (_, after) => {
  expect(changedFinals(sound, after)).toEqual([expect.stringMatching(/^4: PAST#/)]);
});
