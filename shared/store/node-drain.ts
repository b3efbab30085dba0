import type { Drain } from '#domain/drain.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { type EventDraft, eventSteps } from './events.ts';
import { absent, all, exists, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { nodeNotFound } from './node-removal.ts';
import { dueAttributes } from './row.ts';
import { type Scope, within } from './scope.ts';
import { update } from './steps.ts';
import type { Actor } from './write.ts';

/** The drain of nodes. From the first step on, no transaction places an instance there. */
export interface NodeDrain {
  /** Begins or changes a drain, and has the sweep look at `due`; `node.not-found`. */
  drain(
    scope: OrgScope,
    uid: string,
    drain: Drain,
    write: { readonly by: Actor; readonly due: number; readonly events: readonly EventDraft[] },
  ): Promise<void>;
  /** Ends a drain; nothing happens where there is none. `node.not-found`. */
  undrain(
    scope: OrgScope,
    uid: string,
    write: { readonly by: Actor; readonly events: readonly EventDraft[] },
  ): Promise<void>;
  /** Has the sweep look at a node again, or not any more, as long as it is this drain that goes on. */
  scheduleDrain(scope: Scope, uid: string, drain: Drain, due: number | undefined): Promise<void>;
}

/** Makes the part of the repository of nodes that drains them. */
export const nodeDrain = (link: Link): NodeDrain => ({
  async drain(scope, uid, drain, { by, due, events }) {
    await scope.member;
    await link.transact([
      update(
        keys.node(scope.org, uid),
        { set: { drain, ...dueAttributes(due) } },
        all(exists(), absent('deleting_at')),
        () => nodeNotFound(uid),
      ),
      ...eventSteps(link, scope.org, events),
      auditStep(link, scope.org, by, 'nodes.drain', uid),
    ]);
  },

  async undrain(scope, uid, { by, events }) {
    await scope.member;
    await link.transact([
      update(
        keys.node(scope.org, uid),
        { set: { drain: undefined, ...dueAttributes(undefined) } },
        all(exists('drain'), absent('deleting_at')),
        (row) => (row && row.deleting_at === undefined ? ('undrained' as const) : nodeNotFound(uid)),
      ),
      ...eventSteps(link, scope.org, events),
      auditStep(link, scope.org, by, 'nodes.undrain', uid),
    ]);
  },

  async scheduleDrain(scope, uid, drain, due) {
    // One that was begun or changed meanwhile has its own time.
    const same = all(exists('drain'), is('drain', '=', drain), absent('deleting_at'));
    const step = update(keys.node(scope.org, uid), { set: dueAttributes(due) }, same, () => 'changed' as const);
    await within(scope, link.write(step));
  },
});
