import type { Placement } from '#domain/instance.ts';
import type { Node, NodeAgent, NodeFacts, Roster } from '#domain/node.ts';
import type { SystemScope } from './scope.ts';

/** What an agent says when it turns a code into a token. */
export interface AgentEnrollment {
  readonly code_hash: string;
  readonly token_hash: string;
  readonly boot_id: string;
  readonly poll_seconds: number;
  readonly facts: NodeFacts;
}

/** A node's partition: its agent's row, and what is placed on it. */
export interface AgentPartition {
  readonly agent: NodeAgent;
  readonly scope: SystemScope;
  readonly placements: readonly Placement[];
}

/** What a sync writes of a node; `facts` only when they have changed. */
export type Seen = Omit<Roster, 'uid' | 'seen_at'>;

/** Nodes, as their agents see them. */
export interface Agents {
  /** Turns a single-use code into a token; `enrollment.refused`. A read and one transaction. */
  enroll(
    enrollment: AgentEnrollment,
  ): Promise<{ readonly agent: NodeAgent; readonly scope: SystemScope; readonly node: Node }>;
  /** All that a sync needs to know, in one consistent query. The token's hash is for the caller to compare. */
  find(node: string): Promise<AgentPartition | undefined>;
  /** The agent's row alone: one consistent read, for claims and credentials. */
  findAgent(node: string): Promise<{ readonly agent: NodeAgent; readonly scope: SystemScope } | undefined>;
  /** Records a sync, one small write: gives the roster before; undefined if the node has been deleted meanwhile. */
  seen(scope: SystemScope, node: string, seen: Seen): Promise<Roster | undefined>;
}
