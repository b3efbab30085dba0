import { drainedWhy } from './drain.ts';
import { connectionOf, type Node, type Roster } from './node.ts';

/** A node that an instance could be placed on. */
export interface Candidate {
  readonly node: Pick<Node, 'uid' | 'name' | 'status' | 'instances' | 'max_instances' | 'drain' | 'deleting_at'>;
  readonly roster: Pick<Roster, 'seen_at' | 'poll_seconds'> | undefined;
}

/** How instances are spread over nodes: evenly, or so that few nodes are used. */
export type Strategy = 'spread' | 'binpack';

/** The node that is chosen, or why it is none of them. */
export type Placing = { readonly node: string } | { readonly none: string };

const reasons = {
  pending: 'has never connected',
  unreachable: 'is unreachable',
} as const;

/** Why a node cannot take one more instance now; undefined if it can. */
export function whyNot({ node, roster }: Candidate, now: number): string | undefined {
  if (node.deleting_at !== undefined) return 'is being deleted';
  if (node.drain) return drainedWhy(node.drain);
  if (node.status === 'inactive') return 'is inactive';
  if (node.max_instances !== null && node.instances >= node.max_instances) {
    return `has ${node.instances} of at most ${node.max_instances} instances`;
  }
  const connection = connectionOf(roster, now);
  return connection === 'pending' || connection === 'unreachable' ? reasons[connection] : undefined;
}

const named = 10;

function none(candidates: readonly Candidate[], now: number): string {
  if (candidates.length === 0) return 'The organization has no node. Create one, and run the line that it answers.';
  const each = candidates.slice(0, named).map((one) => `${one.node.name} ${whyNot(one, now)}`);
  const more = candidates.length > named ? ` and ${candidates.length - named} more cannot either` : '';
  return `No node can take the instance: ${each.join('; ')}${more}.`;
}

/** Chooses a node for an instance: one that is connected before one that is late, then by how much it has already. */
export function place(candidates: readonly Candidate[], now: number, strategy: Strategy): Placing {
  const sign = strategy === 'spread' ? 1 : -1;
  const rank = ({ roster }: Candidate) => (connectionOf(roster, now) === 'online' ? 0 : 1);
  const [best] = candidates
    .filter((one) => whyNot(one, now) === undefined)
    .sort(
      (a, b) => rank(a) - rank(b) || sign * (a.node.instances - b.node.instances) || (a.node.uid < b.node.uid ? -1 : 1),
    );
  return best ? { node: best.node.uid } : { none: none(candidates, now) };
}
