import { orgId } from '#domain/organization.ts';

/** The primary key of a row. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** A contiguous part of a partition: all rows whose sort key begins with `prefix`. */
export interface KeyRange {
  readonly pk: string;
  readonly prefix: string;
}

const orgKey = (org: string) => `ORG#${orgId(org)}`;

/** Every key of the table, by what it is for: this is the access-pattern table of the product. */
export const keys = {
  user: (uid: string): Key => ({ pk: `USER#${uid}`, sk: 'USER' }),
  userOrganization: (uid: string, org: string): Key => ({ pk: `USER#${uid}`, sk: orgKey(org) }),
  userOrganizations: (uid: string): KeyRange => ({ pk: `USER#${uid}`, prefix: 'ORG#' }),
  email: (canonical: string): Key => ({ pk: `EMAIL#${canonical}`, sk: 'EMAIL' }),

  organization: (org: string): Key => ({ pk: orgKey(org), sk: 'ORG' }),
  counters: (org: string): Key => ({ pk: orgKey(org), sk: 'COUNT' }),
  dataKey: (org: string): Key => ({ pk: orgKey(org), sk: 'KEY' }),
  member: (org: string, uid: string): Key => ({ pk: orgKey(org), sk: `MEMBER#${uid}` }),

  node: (org: string, uid: string): Key => ({ pk: orgKey(org), sk: `NODE#${uid}` }),
  nodes: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'NODE#' }),
  // In the organization's partition and in the order of its nodes: a page of nodes and a page of rosters are one wait.
  roster: (org: string, node: string): Key => ({ pk: orgKey(org), sk: `ROSTER#${node}` }),
  rosters: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'ROSTER#' }),

  runner: (org: string, uid: string): Key => ({ pk: orgKey(org), sk: `RUNNER#${uid}` }),
  runners: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'RUNNER#' }),

  instance: (org: string, runner: string, uid: string): Key => ({ pk: orgKey(org), sk: `INSTANCE#${runner}#${uid}` }),
  instances: (org: string, runner: string): KeyRange => ({ pk: orgKey(org), prefix: `INSTANCE#${runner}#` }),
  past: (org: string, runner: string, uid: string): Key => ({ pk: orgKey(org), sk: `PAST#${runner}#${uid}` }),
  pasts: (org: string, runner: string): KeyRange => ({ pk: orgKey(org), prefix: `PAST#${runner}#` }),
  deleted: (org: string, runner: string, uid: string): Key => ({ pk: orgKey(org), sk: `DELETED#${runner}#${uid}` }),

  // In the order of runners, and in that of a runner's instances.
  allInstances: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'INSTANCE#' }),
  allPasts: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'PAST#' }),

  registry: (org: string, host: string): Key => ({ pk: orgKey(org), sk: `REGISTRY#${host}` }),
  registries: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'REGISTRY#' }),

  audit: (org: string, uid: string): Key => ({ pk: orgKey(org), sk: `AUDIT#${uid}` }),
  audits: (org: string): KeyRange => ({ pk: orgKey(org), prefix: 'AUDIT#' }),
  // In the order in which it happened, not in which we were told; `at` is epoch milliseconds, of 13 digits until 2286.
  event: (subject: string, at: number, uid: string): Key => ({
    pk: `EVENT#${subject}`,
    sk: `${String(at).padStart(13, '0')}#${uid}`,
  }),
  events: (subject: string): KeyRange => ({ pk: `EVENT#${subject}`, prefix: '' }),

  agent: (node: string): Key => ({ pk: `NODE#${node}`, sk: 'AGENT' }),
  /** What a sync reads: the agent's row and its placements. */
  agentPartition: (node: string): KeyRange => ({ pk: `NODE#${node}`, prefix: '' }),
  placement: (node: string, instance: string): Key => ({ pk: `NODE#${node}`, sk: `INSTANCE#${instance}` }),
  placements: (node: string): KeyRange => ({ pk: `NODE#${node}`, prefix: 'INSTANCE#' }),
  enrollment: (codeHash: string): Key => ({ pk: `ENROLL#${codeHash}`, sk: 'ENROLL' }),
  credential: (instance: string): Key => ({ pk: `CREDENTIAL#${instance}`, sk: 'CREDENTIAL' }),

  idempotency: (user: string, operation: string, key: string): Key => ({
    pk: `IDEMPOTENCY#${user}#${operation}#${key}`,
    sk: 'IDEMPOTENCY',
  }),
  throttle: (name: string): Key => ({ pk: `THROTTLE#${name}`, sk: 'THROTTLE' }),
  lease: (name: string): Key => ({ pk: `LEASE#${name}`, sk: 'LEASE' }),
  github: (hash: string): Key => ({ pk: `GITHUB#${hash}`, sk: 'GITHUB' }),
} as const;

/** What the index `due` is asked for. */
export const duePartition = 'DUE';

/** The row that a key of the index points to: what the sweep has to look at. */
export type DueSubject =
  | {
      readonly kind: 'instance';
      readonly org: string;
      readonly runner: string;
      readonly uid: string;
      readonly in: Shelf;
    }
  | { readonly kind: 'node'; readonly org: string; readonly uid: string }
  | { readonly kind: 'runner'; readonly org: string; readonly uid: string }
  | { readonly kind: 'github'; readonly hash: string };

/** Where the row of an instance is: among the live ones, the ended ones (`past`), or the deleted ones. */
export type Shelf = 'live' | 'past' | 'deleted';

const shelves: Readonly<Record<string, Shelf>> = { INSTANCE: 'live', PAST: 'past', DELETED: 'deleted' };

/** Reads back what a key says; undefined for rows that are never due. */
export function subjectOf({ pk, sk }: Key): DueSubject | undefined {
  const [partition = '', owner = ''] = pk.split('#');
  if (partition === 'GITHUB') return { kind: 'github', hash: owner };
  if (partition !== 'ORG') return undefined;
  const [kind = '', first = '', second = ''] = sk.split('#');
  if (kind === 'NODE') return { kind: 'node', org: owner, uid: first };
  if (kind === 'RUNNER') return { kind: 'runner', org: owner, uid: first };
  const shelf = shelves[kind];
  return shelf && { kind: 'instance', org: owner, runner: first, uid: second, in: shelf };
}

/** The key of a node, a runner or a comparison that is due. */
export function keyOf(subject: Exclude<DueSubject, { readonly kind: 'instance' }>): Key {
  if (subject.kind === 'github') return keys.github(subject.hash);
  return subject.kind === 'node' ? keys.node(subject.org, subject.uid) : keys.runner(subject.org, subject.uid);
}
