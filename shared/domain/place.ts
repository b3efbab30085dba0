import { notAllowed } from './docker.ts';
import { drainedWhy } from './drain.ts';
import { connectionOf, type Node, type Roster } from './node.ts';
import type { PlacementStrategy } from './organization.ts';
import type { Runner } from './runner.ts';

type Architectural = Pick<NonNullable<Roster['facts']>, 'architecture'> | undefined;

/** What a runner needs of the node that is chosen for it. */
export type Needs = Pick<Runner, 'node_labels' | 'architecture' | 'docker'>;

/** A node that an instance could be placed on. */
export interface Candidate {
  readonly node: Pick<
    Node,
    'uid' | 'name' | 'status' | 'labels' | 'allow' | 'instances' | 'max_instances' | 'drain' | 'deleting_at'
  >;
  readonly roster: (Pick<Roster, 'seen_at' | 'poll_seconds'> & { readonly facts?: Architectural }) | undefined;
}

/** The node that is chosen, or why it is none of them. */
export type Placing = { readonly node: string } | { readonly none: string };

const reasons = {
  pending: 'has never connected',
  unreachable: 'is unreachable',
} as const;

/** What a node lacks for ever of what a runner needs; undefined if nothing. */
export function unfit(labels: readonly string[], facts: Architectural, needs: Needs): string | undefined {
  const lacking = (needs.node_labels ?? []).filter((label) => !labels.includes(label));
  if (lacking.length > 0) return `lacks ${lacking.length === 1 ? 'the label' : 'the labels'} ${lacking.join(', ')}`;
  if (needs.architecture === undefined || facts?.architecture === needs.architecture) return undefined;
  return facts ? `is ${facts.architecture}, and not ${needs.architecture}` : 'has not told its architecture';
}

/** Why a node cannot take one more instance now; undefined if it can. */
export function whyNot({ node, roster }: Candidate, now: number, needs: Needs): string | undefined {
  if (node.deleting_at !== undefined) return 'is being deleted';
  if (node.drain) return drainedWhy(node.drain);
  if (node.status === 'inactive') return 'is inactive';
  if (node.max_instances !== null && node.instances >= node.max_instances) {
    return `has ${node.instances} of at most ${node.max_instances} instances`;
  }
  const connection = connectionOf(roster, now);
  if (connection === 'pending' || connection === 'unreachable') return reasons[connection];
  return notAllowed(node.allow, needs.docker) ?? unfit(node.labels, roster?.facts, needs);
}

const named = 10;

function none(candidates: readonly Candidate[], now: number, needs: Needs): string {
  if (candidates.length === 0) return 'The organization has no node. Create one, and run the line that it answers.';
  const each = candidates.slice(0, named).map((one) => `${one.node.name} ${whyNot(one, now, needs)}`);
  const more = candidates.length > named ? ` and ${candidates.length - named} more cannot either` : '';
  return `No node can take the instance: ${each.join('; ')}${more}.`;
}

/** Chooses a node for an instance: one that is connected before one that is late, then by how much it has already. */
export function place(
  candidates: readonly Candidate[],
  now: number,
  strategy: PlacementStrategy,
  needs: Needs = {},
): Placing {
  const sign = strategy === 'spread' ? 1 : -1;
  const rank = ({ roster }: Candidate) => (connectionOf(roster, now) === 'online' ? 0 : 1);
  const [best] = candidates
    .filter((one) => whyNot(one, now, needs) === undefined)
    .sort(
      (a, b) => rank(a) - rank(b) || sign * (a.node.instances - b.node.instances) || (a.node.uid < b.node.uid ? -1 : 1),
    );
  return best ? { node: best.node.uid } : { none: none(candidates, now, needs) };
}
