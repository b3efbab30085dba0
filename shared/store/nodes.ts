import type { Node, Roster } from '#domain/node.ts';
import { eventsOfChange, nodeEvent } from '#domain/node-events.ts';
import { organizationLimits, orgId } from '#domain/organization.ts';
import { problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { changeVersioned } from './change.ts';
import { countOne } from './counters.ts';
import { eventSteps } from './events.ts';
import { absent, all, exists, is } from './expression.ts';
import { onceSteps } from './idempotency.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import { type NodeDrain, nodeDrain } from './node-drain.ts';
import { type NodeRemoval, nodeNotFound, nodeRemoval } from './node-removal.ts';
import {
  agentRow,
  type Enrollment,
  enrollmentStep,
  nodeRow,
  rosterRow,
  unlessDeleting,
  voidStep,
} from './node-rows.ts';
import { type Page, type PageOptions, readPage } from './page.ts';
import { type Scope, within } from './scope.ts';
import { check, put, update } from './steps.ts';
import type { Actor, Changing, Created, Creating } from './write.ts';

/** What a node is made from. */
export type NodeDraft = Pick<Node, 'name' | 'type' | 'ip_address' | 'port' | 'max_instances' | 'labels' | 'allow'>;

/** What a customer may change of a node. */
export type NodeChange = Partial<
  Pick<Node, 'name' | 'status' | 'ip_address' | 'port' | 'max_instances' | 'labels' | 'allow'>
>;

/** A node, with its last sync; `roster` is absent until an agent has enrolled. */
export interface SeenNode {
  readonly node: Node;
  readonly roster: Roster | undefined;
}

/** Nodes, as the customer sees them. Those that are being deleted are not there, but for `getMany` and `finishRemoval`. */
export interface Nodes extends NodeRemoval, NodeDrain {
  /** `organization.limit`. One transaction: node, agent's row, enrollment code, counter. */
  create(
    scope: OrgScope,
    draft: NodeDraft,
    write: Creating & { readonly enrollment: Enrollment },
  ): Promise<Created<Node>>;
  /** One wait; `node.not-found`. */
  get(scope: Scope, uid: string): Promise<SeenNode>;
  /** Whether there is such a node, or was until 30 days ago: `node.not-found` if not. One wait. */
  assertKnown(scope: Scope, uid: string): Promise<void>;
  /** In order of creation; one wait. */
  list(scope: Scope, page?: PageOptions<SeenNode>): Promise<Page<SeenNode>>;
  /** Several by uid, those being deleted included: what a list of instances needs. */
  getMany(scope: Scope, uids: readonly string[]): Promise<ReadonlyMap<string, SeenNode>>;
  /** `node.not-found`, `version.stale`. */
  change(
    scope: OrgScope,
    uid: string,
    edit: (now: Node) => NodeChange | Promise<NodeChange>,
    write: Changing,
  ): Promise<Node>;
  /** Makes a new enrollment code and voids the one before. */
  renewEnrollment(
    scope: OrgScope,
    uid: string,
    write: { readonly by: Actor; readonly enrollment: Enrollment },
  ): Promise<Node>;
}

/** Reads several nodes with their last syncs, those being deleted included, in one wait. */
export async function readNodes(
  link: Link,
  org: string,
  uids: readonly string[],
): Promise<ReadonlyMap<string, SeenNode>> {
  const distinct = [...new Set(uids)];
  const rows = await link.getMany(distinct.flatMap((uid) => [keys.node(org, uid), keys.roster(org, uid)]));
  return new Map(
    distinct.flatMap((uid, index) => {
      const [row, seen] = rows.slice(2 * index, 2 * index + 2);
      return row ? [[uid, { node: nodeRow.read(row), roster: seen && rosterRow.read(seen) }] as const] : [];
    }),
  );
}

/** Makes the repository of nodes. */
export function nodes(link: Link): Nodes {
  async function get(scope: Scope, uid: string): Promise<SeenNode> {
    const seen = (await within(scope, readNodes(link, scope.org, [uid]))).get(uid);
    if (!seen || seen.node.deleting_at !== undefined) throw nodeNotFound(uid);
    return seen;
  }

  return {
    ...nodeRemoval(link),
    ...nodeDrain(link),
    get,
    getMany: (scope, uids) => within(scope, readNodes(link, scope.org, uids)),

    async assertKnown(scope, uid) {
      const row = await within(scope, link.get(keys.agent(uid)));
      if (!row || agentRow.read(row).org !== orgId(scope.org)) throw nodeNotFound(uid);
    },

    async create(scope, draft, { by, once, enrollment }) {
      await scope.member;
      const uid = link.newId();
      const now = link.now();
      const node: Node = { ...draft, uid, status: 'active', instances: 0, version: 1, created_at: now };
      const agent = { uid, org: orgId(scope.org), enrollment_hash: enrollment.code_hash };
      const replayed = await link.transact([
        ...onceSteps(link, once, uid),
        countOne(scope.org, 'nodes', organizationLimits.nodes),
        put(nodeRow.write(keys.node(scope.org, uid), node), absent()),
        put(agentRow.write(keys.agent(uid), agent), absent()),
        enrollmentStep(scope.org, uid, enrollment),
        ...eventSteps(link, scope.org, [nodeEvent(uid, 'created', by.uid)]),
        auditStep(link, scope.org, by, 'nodes.create', uid),
      ]);
      if (!replayed) return { created: node, replayed: false };
      return { created: (await get(scope, replayed.replay)).node, replayed: true };
    },

    list: (scope, page = {}) =>
      within(
        scope,
        readPage(page, async (after, limit) => {
          const range = keys.nodes(scope.org);
          // Every roster has a node, and both are in the order of uids: the first n rosters cover the first n nodes.
          const [found, seen] = await Promise.all([
            readRange(link, range, after, limit),
            readRange(link, keys.rosters(scope.org), after, limit),
          ]);
          const rosters = new Map(seen.rows.map((row) => rosterRow.read(row)).map((roster) => [roster.uid, roster]));
          const entries = found.rows.flatMap((row) => {
            const node = unlessDeleting(nodeRow.read(row));
            return node ? [{ end: endOf(range, row), item: { node, roster: rosters.get(node.uid) } }] : [];
          });
          return { entries, ...(found.last !== undefined && { last: found.last }) };
        }),
      ),

    change: (scope, uid, edit, write) =>
      changeVersioned(link, {
        scope,
        key: keys.node(scope.org, uid),
        read: (row) => unlessDeleting(nodeRow.read(row)),
        missing: () => nodeNotFound(uid),
        edit,
        write,
        action: 'nodes.change',
        target: uid,
        events: (before, after) => eventsOfChange(before, after, write.by.uid),
      }),

    async renewEnrollment(scope, uid, { by, enrollment }) {
      const wait = link.patience();
      do {
        const [row, agentsRow] = await within(scope, link.getMany([keys.node(scope.org, uid), keys.agent(uid)]));
        const node = row && unlessDeleting(nodeRow.read(row));
        if (!node || !agentsRow) throw nodeNotFound(uid);
        const { enrollment_hash } = agentRow.read(agentsRow);
        const unchanged =
          enrollment_hash === undefined ? absent('enrollment_hash') : is('enrollment_hash', '=', enrollment_hash);
        const raced = await link.transact([
          check(keys.node(scope.org, uid), all(exists(), absent('deleting_at')), () => nodeNotFound(uid)),
          update(
            keys.agent(uid),
            { set: { enrollment_hash: enrollment.code_hash } },
            all(exists(), absent('retired_at'), unchanged),
            () => 'raced' as const,
          ),
          ...voidStep(enrollment_hash),
          enrollmentStep(scope.org, uid, enrollment),
          ...eventSteps(link, scope.org, [nodeEvent(uid, 'enrollment_renewed', by.uid)]),
          auditStep(link, scope.org, by, 'nodes.enrollment', uid),
        ]);
        if (!raced) return node;
      } while (await wait());
      throw problem('service.unavailable', 'The node is being enrolled just now. Please try again.', {
        retryAfterSeconds: 1,
      });
    },
  };
}
