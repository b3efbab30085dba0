import * as z from 'zod';
import { Architecture } from './architecture.ts';
import { DockerConsent } from './docker.ts';
import { Drain } from './drain.ts';

/** `Socket`: the machine on which the control plane runs; `Remote`: a machine anywhere, whose agent dials out. */
export const NodeType = z.enum(['Remote', 'Socket']);

/** What the customer wants: may new instances be placed here? */
export const NodeStatus = z.enum(['active', 'inactive']);

/** What a node says of itself, written when it changes. Sizes are bytes. */
export const NodeFacts = z.object({
  hostname: z.string().max(253),
  architecture: Architecture,
  os: z.string().max(128),
  cpus: z.number().positive().max(4096),
  memory_bytes: z.int().positive(),
  disk_bytes: z.int().nonnegative(),
  engine: z
    .object({ version: z.string().max(64), api_version: z.string().max(16), live_restore: z.boolean() })
    .nullable(),
  agent_version: z.string().max(64),
  /** Why the last update of the agent came to nothing; absent where it didn't. */
  agent_update_failed: z.string().max(512).optional(),
});
export type NodeFacts = z.output<typeof NodeFacts>;

/** A node as the customer sees it. */
export const Node = z.object({
  uid: z.string(),
  name: z.string(),
  type: NodeType,
  ip_address: z.string().nullable(),
  port: z.int().nullable(),
  status: NodeStatus,
  max_instances: z.int().nullable(),
  labels: z.array(z.string()),
  /** What an owner lets jobs have of Docker; absent in older rows: nothing. */
  allow: z.array(DockerConsent).optional(),
  instances: z.int(),
  /** While it is being emptied. `status` stays what the customer wants. */
  drain: Drain.optional(),
  deleting_at: z.int().optional(),
  version: z.int(),
  created_at: z.int(),
});
export type Node = z.output<typeof Node>;

/** A node as its agent sees it: whose it is, and the hash of its token. */
export const NodeAgent = z.object({
  uid: z.string(),
  org: z.string(),
  token_hash: z.string().optional(),
  enrolled_at: z.int().optional(),
  retired_at: z.int().optional(),
});
export type NodeAgent = z.output<typeof NodeAgent>;

/** The last sync of a node, and its facts; `bell` is the managed instance that SSM rings. */
export const Roster = z.object({
  uid: z.string(),
  seen_at: z.int(),
  poll_seconds: z.int(),
  boot_id: z.string(),
  /** The one before, to tell a machine that was restarted from two that use the same token. */
  previous_boot_id: z.string().optional(),
  /** When that one was here last. */
  previous_seen_at: z.int().optional(),
  /** When a second machine was last seen with this node's token. */
  cloned_at: z.int().optional(),
  /** When it was first. */
  cloned_since: z.int().optional(),
  bell: z.string().optional(),
  agent_version: z.string().optional(),
  facts: NodeFacts.optional(),
});
export type Roster = z.output<typeof Roster>;

/** What we see of a node. */
export type Connection = 'pending' | 'online' | 'late' | 'unreachable';

/**
 * The connection of a node, computed from its last sync when somebody looks: late after 2 × poll + 30 s, unreachable
 * after 3 × poll + 60 s. Nothing is ever done because of it.
 */
export function connectionOf(roster: Pick<Roster, 'seen_at' | 'poll_seconds'> | undefined, now: number): Connection {
  if (!roster) return 'pending';
  const silentSeconds = (now - roster.seen_at) / 1000;
  if (silentSeconds > 3 * roster.poll_seconds + 60) return 'unreachable';
  if (silentSeconds > 2 * roster.poll_seconds + 30) return 'late';
  return 'online';
}

const cloneMs = 600_000;

/** Whether two machines use this node's token: they take turns, which one that was restarted never does. */
export const isCloned = (roster: Pick<Roster, 'cloned_at'> | undefined, now: number): boolean =>
  roster?.cloned_at !== undefined && now - roster.cloned_at < cloneMs;

/** For how long the boot before has to have been silent: longer than a machine that is there would be. */
const quietMs = (pollSeconds: number): number => 1500 * pollSeconds + 5000;

/** What of the roster tells one machine from two. */
export type Boots = Pick<Roster, 'seen_at' | 'poll_seconds' | 'boot_id' | 'previous_seen_at' | 'cloned_at'>;

/**
 * In how many milliseconds it will be known that a machine is the only one with its node's token, if nothing speaks
 * against it until then; 0 if it is known. A machine that was restarted, and one that has another's disk, look the same
 * at first: but the one that was there before goes on syncing in the second case only.
 */
export function settlesInMs(roster: Boots, boot_id: string, now: number): number {
  if (isCloned(roster, now)) return Math.max(1, (roster.cloned_at ?? now) + cloneMs - now);
  const before = roster.boot_id === boot_id ? roster.previous_seen_at : roster.seen_at;
  return before === undefined ? 0 : Math.max(0, before + quietMs(roster.poll_seconds) - now);
}
