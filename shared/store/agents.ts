import type { Placement } from '#domain/instance.ts';
import type { Node, NodeAgent, NodeFacts, Roster } from '#domain/node.ts';
import { enrolled } from '#domain/node-events.ts';
import { problem } from '#domain/problem.ts';
import { eventSteps } from './events.ts';
import { absent, all, exists, is, unexpired } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { enrollmentRow, nodeRow, placementRow, readAgent, rosterRow } from './node-rows.ts';
import { type SystemScope, systemScope } from './scope.ts';
import { put, remove, update } from './steps.ts';

/** What an agent says when it turns a code into a token. */
export interface AgentEnrollment {
  readonly code_hash: string;
  readonly token_hash: string;
  readonly boot_id: string;
  readonly poll_seconds: number;
  readonly facts: NodeFacts;
}

/** An agent's row, and the right to reach into its organization. */
export interface ScopedAgent {
  readonly agent: NodeAgent;
  readonly scope: SystemScope;
}

/** What a sync writes of a node; `facts` only when they have changed. */
export type Seen = Omit<Roster, 'uid' | 'seen_at'>;

/** Nodes, as their agents see them. */
export interface Agents {
  /** Turns a single-use code into a token; `enrollment.refused`. A read and one transaction. */
  enroll(enrollment: AgentEnrollment): Promise<ScopedAgent & { readonly node: Node }>;
  /** All that a sync needs to know, in one consistent query. The token's hash is for the caller to compare. */
  find(node: string): Promise<(ScopedAgent & { readonly placements: readonly Placement[] }) | undefined>;
  /** The agent's row alone: one consistent read, for claims and credentials. */
  findAgent(node: string): Promise<ScopedAgent | undefined>;
  /** Records a sync, one small write: gives the roster before; undefined if the node has been deleted meanwhile. */
  seen(scope: SystemScope, node: string, seen: Seen): Promise<Roster | undefined>;
}

const refused = () =>
  problem(
    'enrollment.refused',
    'The enrollment code is unknown, used already, or expired. `POST …/nodes/{node_id}/enrollment` makes a new one.',
  );

const scoped = (agent: NodeAgent): ScopedAgent => ({ agent, scope: systemScope(agent.org) });

/** Makes the repository of agents. */
export const agents = (link: Link): Agents => ({
  async enroll({ code_hash, token_hash, boot_id, poll_seconds, facts }) {
    const found = await link.get(keys.enrollment(code_hash));
    if (!found) throw refused();
    const { org, node: uid } = enrollmentRow.read(found);
    const now = link.now();
    const { agent_version } = facts;
    const roster: Roster = { uid, seen_at: now, poll_seconds, boot_id, agent_version, facts };
    const [row] = await Promise.all([
      link.get(keys.node(org, uid)),
      link.transact([
        remove(keys.enrollment(code_hash), unexpired(now), refused),
        update(
          keys.agent(uid),
          { set: { token_hash, enrolled_at: now, enrollment_hash: undefined } },
          all(is('enrollment_hash', '=', code_hash), absent('retired_at')),
          refused,
        ),
        put(rosterRow.write(keys.roster(org, uid), roster)),
        ...eventSteps(link, org, [enrolled(uid, facts)]),
      ]),
    ]);
    if (!row) throw refused();
    return { ...scoped({ uid, org, token_hash, enrolled_at: now }), node: nodeRow.read(row) };
  },

  async find(node) {
    const { rows } = await link.query(keys.agentPartition(node));
    const row = rows.find(({ sk }) => sk === keys.agent(node).sk);
    if (!row) return undefined;
    const placements = rows.filter((other) => other !== row).map((other) => placementRow.read(other));
    return { ...scoped(readAgent(row)), placements };
  },

  async findAgent(node) {
    const row = await link.get(keys.agent(node));
    return row && scoped(readAgent(row));
  },

  async seen(scope, node, { facts, previous_boot_id, previous_seen_at, cloned_at, cloned_since, ...said }) {
    // What stays as it is unless it is said: facts, and what is known of other machines with this token.
    const kept = {
      ...(facts && { facts }),
      ...(previous_boot_id && { previous_boot_id, previous_seen_at }),
      ...(cloned_at && { cloned_at, cloned_since }),
    };
    const { poll_seconds, boot_id, bell, agent_version } = said;
    const set = { seen_at: link.now(), poll_seconds, boot_id, bell, agent_version, ...kept };
    // Conditional, for a roster that outlives its node would be shown with somebody else's page.
    const written = await link.write(update(keys.roster(scope.org, node), { set }, exists(), () => 'deleted' as const));
    if (!written.done || !written.before) return undefined;
    return rosterRow.read(written.before as Parameters<typeof rosterRow.read>[0]);
  },
});
