import type { Placement } from '#domain/instance.ts';
import { nodeEvent } from '#domain/node-events.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { uncountOne } from './counters.ts';
import { eventSteps } from './events.ts';
import { absent, all, exists, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { nameInstances } from './names.ts';
import { agentRow, placementRow, voidStep } from './node-rows.ts';
import { dueAttributes, ttlSeconds } from './row.ts';
import { admitted, type Scope, within } from './scope.ts';
import { type Refused, remove, type Step, update } from './steps.ts';
import type { Actor } from './write.ts';

// Long enough for an agent that comes back to be told to remove what it has.
const retiredMs = 30 * 24 * 3600 * 1000;

/** What is said of a node that is not there, or not the organization's. */
export const nodeNotFound = (uid: string): Problem => problem('node.not-found', `There is no node "${uid}".`);

/** The removal of nodes. */
export interface NodeRemoval {
  /** Removes a node without instances; `node.not-found`, `node.has-instances` (names them). */
  remove(scope: OrgScope, uid: string, write: { readonly by: Actor }): Promise<void>;
  /** By force, first step: the agent is retired and the node is 404, and due at `due` for the sweep. */
  beginRemoval(scope: OrgScope, uid: string, write: { readonly by: Actor; readonly due: number }): Promise<void>;
  /** By force, last step, after each instance's final transition: false while there are instances; true once it is gone. */
  finishRemoval(scope: Scope, uid: string): Promise<boolean>;
}

/** Makes the part of the repository of nodes that removes them. */
export function nodeRemoval(link: Link): NodeRemoval {
  async function retireSteps(scope: Scope, uid: string): Promise<readonly Step[]> {
    const row = await within(scope, link.get(keys.agent(uid)));
    const now = link.now();
    const retired = { retired_at: now, expires_at: ttlSeconds(now + retiredMs), enrollment_hash: undefined };
    return [
      update(keys.agent(uid), { set: retired }, exists()),
      ...voidStep(row && agentRow.read(row).enrollment_hash),
    ];
  }

  async function occupied(uid: string): Promise<Problem> {
    const { rows } = await link.query(keys.placements(uid));
    const instances = rows
      .map((row) => placementRow.read(row))
      .map(({ uid, want }: Placement) => ({ uid, goes: want === 'gone' }));
    return problem(
      'node.has-instances',
      `The node has instances: ${nameInstances(instances) || 'one that is just being made'}. Delete them first, or delete the node with \`?force=true\`.`,
    );
  }

  return {
    async remove(scope, uid, { by }) {
      const retire = await retireSteps(scope, uid);
      const free = all(exists(), absent('deleting_at'), is('instances', '=', 0));
      const refused = (row: Refused) =>
        row && row.deleting_at === undefined ? ('occupied' as const) : nodeNotFound(uid);
      const failed = await link.transact([
        remove(keys.node(scope.org, uid), free, refused),
        ...retire,
        remove(keys.roster(scope.org, uid)),
        uncountOne(scope.org, 'nodes'),
        ...eventSteps(link, scope.org, [nodeEvent(uid, 'deleted', by.uid)]),
        auditStep(link, scope.org, by, 'nodes.remove', uid),
      ]);
      if (failed) throw await occupied(uid);
    },

    async beginRemoval(scope, uid, { by, due }) {
      const retire = await retireSteps(scope, uid);
      await link.transact([
        update(
          keys.node(scope.org, uid),
          { set: { deleting_at: link.now(), ...dueAttributes(due) } },
          all(exists(), absent('deleting_at')),
          () => nodeNotFound(uid),
        ),
        ...retire,
        ...eventSteps(link, scope.org, [nodeEvent(uid, 'deleted', by.uid)]),
        auditStep(link, scope.org, by, 'nodes.remove', uid),
      ]);
    },

    async finishRemoval(scope, uid) {
      await admitted(scope);
      const failed = await link.transact([
        remove(keys.node(scope.org, uid), all(exists('deleting_at'), is('instances', '=', 0)), (row) =>
          row ? ('waiting' as const) : ('gone' as const),
        ),
        remove(keys.roster(scope.org, uid)),
        uncountOne(scope.org, 'nodes'),
        ...eventSteps(link, scope.org, [nodeEvent(uid, 'retired')]),
      ]);
      return failed !== 'waiting';
    },
  };
}
