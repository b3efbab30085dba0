import { isDeepStrictEqual } from 'node:util';
import { Instance, isBusy, isFinal, isKept, placementOf } from '#domain/instance.ts';
import type { Runner } from '#domain/runner.ts';

/** A row of the table, as it lies there. */
export type RawRow = Readonly<Record<string, unknown>> & { readonly pk: string; readonly sk: string };

/** A container of ours on an engine, by its labels. */
export interface RawContainer {
  readonly uid: string;
  readonly name: string;
  readonly running: boolean;
}

/** What a table is held to. */
export interface Held {
  /** Epoch milliseconds. */
  readonly now: number;
  /** How far apart sweeps are; without it due times are not looked at. */
  readonly sweepMs?: number;
  /** Secrets that were given to the service: none may lie in the table. */
  readonly secrets?: readonly string[];
  /** Instances whose creation was acknowledged: all must be there. */
  readonly acknowledged?: readonly string[];
  /** Whether all that was to converge has: then containers without a live row are wrong too. */
  readonly containers?: readonly RawContainer[];
}

const shelves = ['INSTANCE#', 'PAST#', 'DELETED#'];
const instanceRows = (rows: readonly RawRow[]) =>
  rows.filter(({ sk, pk }) => pk.startsWith('ORG#') && shelves.some((s) => sk.startsWith(s)));
const count = <T>(items: readonly T[], one: (item: T) => boolean) => items.filter(one).length;

function intents(instances: readonly Instance[]): string[] {
  return instances.flatMap((row) => {
    const leaves = ['deleting', 'failing'].includes(row.state) || isFinal(row);
    return [
      ...(row.want === 'gone' && !leaves ? [`3: ${row.uid} is to be gone, and is ${row.state}`] : []),
      ...(!isFinal(row) && row.state !== 'running' && row.due === undefined
        ? [`8: ${row.uid} is ${row.state} and never due`]
        : []),
    ];
  });
}

function references(rows: readonly RawRow[], instances: readonly Instance[]): string[] {
  const has = (pk: string, sk: string) => rows.some((row) => row.pk === pk && row.sk === sk);
  return instances
    .filter((row) => !isFinal(row))
    .flatMap((row) => {
      const org = `ORG#${row.org}`;
      const placed = rows.find(({ pk, sk }) => pk === `NODE#${row.node}` && sk === `INSTANCE#${row.uid}`);
      const told = placed && Object.fromEntries(Object.keys(placementOf(row) ?? {}).map((key) => [key, placed[key]]));
      return [
        ...(has(org, `NODE#${row.node}`) ? [] : [`5: ${row.uid} is on a node that is gone`]),
        ...(has(org, `RUNNER#${row.runner}`) ? [] : [`5: ${row.uid} is of a runner that is gone`]),
        ...(isDeepStrictEqual(told, placementOf(row)) ? [] : [`5: the node of ${row.uid} is told something else`]),
      ];
    });
}

function placements(rows: readonly RawRow[], instances: readonly Instance[]): string[] {
  const live = new Set(instances.filter((row) => !isFinal(row)).map(({ node, uid }) => `${node} ${uid}`));
  return rows
    .filter(({ pk, sk }) => pk.startsWith('NODE#') && sk.startsWith('INSTANCE#'))
    .filter(({ pk, sk }) => !live.has(`${pk.slice(5)} ${sk.slice(9)}`))
    .map(({ pk, sk }) => `5: ${pk} is told of ${sk}, which is not live`);
}

function counters(rows: readonly RawRow[], instances: readonly Instance[]): string[] {
  const live = instances.filter((row) => !isFinal(row));
  return rows.flatMap((row) => {
    const org = row.pk.slice(4);
    const of = (kind: string) => row.pk.startsWith('ORG#') && row.sk.startsWith(kind);
    const mine = live.filter((one) => one.org === org);
    const counted: Record<string, number> = {};
    if (of('NODE#')) counted.instances = count(mine, ({ node }) => node === row.uid);
    if (of('RUNNER#')) {
      counted.instances = count(mine, ({ runner }) => runner === row.uid);
      counted.busy = count(mine, (one) => one.runner === row.uid && isBusy(one));
      counted.alive = count(mine, (one) => one.runner === row.uid && isKept(one));
    }
    if (row.sk === 'COUNT') {
      const inOrg = rows.filter(({ pk }) => pk === row.pk);
      counted.instances = mine.length;
      counted.nodes = count(inOrg, ({ sk }) => sk.startsWith('NODE#'));
      counted.runners = count(inOrg, ({ sk }) => sk.startsWith('RUNNER#'));
    }
    return Object.entries(counted)
      .filter(([name, is]) => (row[name] ?? 0) !== is)
      .map(([name, is]) => `6: ${row.pk} / ${row.sk} counts ${row[name] ?? 0} ${name}, there are ${is}`);
  });
}

function claims(rows: readonly RawRow[]): string[] {
  const emails = rows.filter(({ sk }) => sk === 'EMAIL');
  const users = rows.filter(({ pk, sk }) => pk.startsWith('USER#') && sk === 'USER');
  const shelved = new Map<string, number>();
  for (const { pk, sk } of instanceRows(rows)) {
    const key = `${pk} ${sk.split('#').slice(1).join('#')}`;
    shelved.set(key, (shelved.get(key) ?? 0) + 1);
  }
  return [
    ...users
      .filter(({ pk }) => count(emails, ({ uid }) => `USER#${uid}` === pk) !== 1)
      .map(({ pk }) => `7: ${pk} has not one e-mail`),
    ...emails
      .filter(({ uid }) => count(users, ({ pk }) => pk === `USER#${uid}`) !== 1)
      .map(({ pk }) => `7: ${pk} is nobody's`),
    ...[...shelved].filter(([, times]) => times > 1).map(([key]) => `7: ${key} is on two shelves`),
  ];
}

function overdue(rows: readonly RawRow[], { now, sweepMs }: Held): string[] {
  if (sweepMs === undefined) return [];
  return rows
    .filter(({ due }) => typeof due === 'number' && due < now - 2 * sweepMs)
    .map(({ pk, sk, due }) => `8: ${pk} / ${sk} has been due for ${now - Number(due)} ms`);
}

/** Whatever keeps a runner from its number makes it due again: but for a probe, whose end does, and a dead token. */
function unmet(rows: readonly RawRow[]): string[] {
  return rows
    .filter(({ pk, sk }) => pk.startsWith('ORG#') && sk.startsWith('RUNNER#'))
    .flatMap((row) => {
      const { alive = 0, desired_instances: desired = 0, due, probe, uid } = row as Partial<Runner> & RawRow;
      const code = (row.replacement as Runner['replacement'])?.reason?.code;
      if (Number(alive) >= Number(desired) || due !== undefined || code === 'runner_token_expired') return [];
      return probe === undefined ? [`8: ${uid} keeps ${alive} of ${desired} alive, and is never due`] : [];
    });
}

function secretsIn(rows: readonly RawRow[], secrets: readonly string[]): string[] {
  return rows.flatMap((row) => {
    const text = JSON.stringify(row);
    return secrets.filter((one) => text.includes(one)).map(() => `9: a secret lies in ${row.pk} / ${row.sk}`);
  });
}

/** Numbers 1, 2 and 11, once all has converged: `stateOf` tells what becomes of an instance, if anybody knows it. */
export function wrongContainers(
  containers: readonly RawContainer[],
  stateOf: (uid: string) => 'live' | 'final' | undefined,
): string[] {
  const running = containers.filter((one) => one.running);
  return containers.flatMap(({ uid, name }) => {
    const state = stateOf(uid);
    return [
      ...(count(running, (one) => one.uid === uid) > 1 ? [`1: ${uid} runs twice`] : []),
      ...(state === undefined ? [`11: nothing explains the container ${name}`] : []),
      ...(state === 'final' ? [`2: ${name} is there, and ${uid} is not to be`] : []),
    ];
  });
}

/**
 * What may never happen, looked for in a table as it lies there, and in what containers there are: each violation with
 * the number that it has in the design's list. Number 4 takes two looks: `changedFinals`.
 */
export function violations(rows: readonly RawRow[], held: Held): string[] {
  const instances = instanceRows(rows).map((row) => Instance.parse(row));
  const known = new Set(instances.map(({ uid }) => uid));
  const stateOf = (uid: string) => {
    const row = instances.find((one) => one.uid === uid);
    return row && (isFinal(row) ? 'final' : 'live');
  };
  return [
    ...intents(instances),
    ...references(rows, instances),
    ...placements(rows, instances),
    ...counters(rows, instances),
    ...claims(rows),
    ...overdue(rows, held),
    ...unmet(rows),
    ...secretsIn(rows, held.secrets ?? []),
    ...(held.acknowledged ?? [])
      .filter((uid) => !known.has(uid))
      .map((uid) => `10: ${uid} was acknowledged and is lost`),
    ...wrongContainers(held.containers ?? [], stateOf),
  ];
}

// What the sweep writes down of its own work, and what moving to another shelf changes.
const bookkeeping = ['due', 'due_index', 'github_tries', 'github_tried_at', 'github_runner', 'revision', 'expires_at'];

/** Number 4: final rows that have changed between two looks, but for their deletion. */
export function changedFinals(before: readonly RawRow[], after: readonly RawRow[]): string[] {
  const plain = (row: RawRow) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !bookkeeping.includes(name)));
  return instanceRows(before)
    .filter(({ sk }) => !sk.startsWith('INSTANCE#'))
    .flatMap((row) => {
      const now = after.find(({ pk, sk }) => pk === row.pk && sk === row.sk);
      const deleted = after.some(({ pk, sk }) => pk === row.pk && sk === row.sk.replace(/^PAST#/, 'DELETED#'));
      if (!now) return deleted ? [] : [`4: ${row.sk} has come back or vanished`];
      return isDeepStrictEqual(plain(row), plain(now)) ? [] : [`4: ${row.sk} has changed`];
    });
}
