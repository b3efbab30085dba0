import type { Node, Roster } from '#domain/node.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Page, PageOptions } from './page.ts';
import type { Scope } from './scope.ts';
import type { Actor, Changing, Created, Creating } from './write.ts';

/** What a node is made from. */
export type NodeDraft = Pick<Node, 'name' | 'type' | 'ip_address' | 'port' | 'max_instances' | 'labels'>;

/** What a customer may change of a node. */
export type NodeChange = Partial<Pick<Node, 'name' | 'status' | 'ip_address' | 'port' | 'max_instances' | 'labels'>>;

/** An enrollment code: its SHA-256, and until when it is good (epoch milliseconds). */
export interface Enrollment {
  readonly code_hash: string;
  readonly expires_at: number;
}

/** A node, with its last sync; `roster` is absent until an agent has enrolled. */
export interface SeenNode {
  readonly node: Node;
  readonly roster: Roster | undefined;
}

/** Nodes, as the customer sees them. Those that are being deleted are not there, but for `getMany` and `finishRemoval`. */
export interface Nodes {
  /** `organization.limit`. One transaction: node, agent's row, enrollment code, counter. */
  create(
    scope: OrgScope,
    draft: NodeDraft,
    write: Creating & { readonly enrollment: Enrollment },
  ): Promise<Created<Node>>;
  /** One wait; `node.not-found`. */
  get(scope: Scope, uid: string): Promise<SeenNode>;
  /** In order of creation; one wait. */
  list(scope: Scope, page?: PageOptions<SeenNode>): Promise<Page<SeenNode>>;
  /** Several by uid, those being deleted included: what a list of instances needs. */
  getMany(scope: Scope, uids: readonly string[]): Promise<ReadonlyMap<string, SeenNode>>;
  /** `node.not-found`, `version.stale`. */
  change(scope: OrgScope, uid: string, edit: (now: Node) => NodeChange, write: Changing): Promise<Node>;
  /** Makes a new enrollment code and voids the one before. */
  renewEnrollment(
    scope: OrgScope,
    uid: string,
    write: { readonly by: Actor; readonly enrollment: Enrollment },
  ): Promise<Node>;
  /** Removes a node without instances; `node.not-found`, `node.has-instances` (names them). */
  remove(scope: OrgScope, uid: string, write: { readonly by: Actor }): Promise<void>;
  /** By force, first step: the agent is retired and the node is 404, and due at `due_at` for the sweep. */
  beginRemoval(scope: OrgScope, uid: string, write: { readonly by: Actor; readonly due_at: number }): Promise<void>;
  /** By force, last step, after each instance's final transition: false while there are instances; true once it is gone. */
  finishRemoval(scope: Scope, uid: string): Promise<boolean>;
}
