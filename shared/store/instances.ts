import type { Instance, Placement } from '#domain/instance.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { EventDraft } from './events.ts';
import type { Shelf } from './keys.ts';
import type { Page, PageOptions } from './page.ts';
import type { Scope } from './scope.ts';
import type { Actor, Created, Creating } from './write.ts';

/** An instance with the shelf that its row is on and the row's revision: what a transition starts from. */
export interface ShelvedInstance {
  readonly shelf: Shelf;
  readonly instance: Instance;
  readonly revision: number;
}

/** Where an instance is to be: on which shelf, and as what. */
export interface ShelvedDraft {
  readonly shelf: Shelf;
  readonly instance: Instance;
}

/** What goes into a transition's transaction besides what follows from the two rows. */
export interface TransitionExtras {
  /** The placement as it is to be; undefined leaves it, null takes it away. Final transitions take it away by themselves. */
  readonly placement?: Placement | null;
  readonly events?: readonly EventDraft[];
  /** Given when a person does it: goes into the audit trail. */
  readonly by?: Actor;
  /** Deletes the stored credential of its claim. */
  readonly forgetCredential?: boolean;
}

/** Instances: live, ended, deleted. */
export interface Instances {
  /**
   * One transaction: runner, node and organization count it, instance and placement are there. `runner.not-found`,
   * `runner.deleting`, `node.not-found`, `node.inactive`, `node.full`, `organization.limit`.
   */
  create(
    scope: OrgScope,
    draft: { readonly instance: Instance; readonly placement: Placement },
    write: Creating & { readonly events?: readonly EventDraft[] },
  ): Promise<Created<Instance>>;
  /** On whichever shelf it is, in one consistent wait. */
  find(scope: Scope, runner: string, uid: string): Promise<ShelvedInstance | undefined>;
  /** Several live ones, for the placements of a node or what is due: one wait for each hundred. */
  getMany(
    scope: Scope,
    which: readonly { readonly runner: string; readonly uid: string }[],
  ): Promise<readonly ShelvedInstance[]>;
  /** Live ones first, then ended ones, each newest first; `live` leaves the ended ones out. */
  list(
    scope: Scope,
    runner: string,
    page?: PageOptions<ShelvedInstance> & { readonly live?: boolean | undefined },
  ): Promise<Page<ShelvedInstance>>;
  /** Those that count on a node: a query and a batch. */
  listOnNode(scope: Scope, node: string): Promise<readonly ShelvedInstance[]>;
  /**
   * Moves an instance from one row to another in one transaction, with all that follows: due time, placement, counters
   * of organization, node and runner, busy. Undefined if somebody else was faster: read again, decide again.
   */
  transition(
    scope: Scope,
    before: ShelvedInstance,
    after: ShelvedDraft,
    extras?: TransitionExtras,
  ): Promise<ShelvedInstance | undefined>;
}
