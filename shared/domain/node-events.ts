import { consentsOf } from './docker.ts';
import { connectionOf, isCloned, type Node, type NodeFacts, type Roster } from './node.ts';

/** Something that happened to a node, for whoever asks later. */
export interface NodeEvent {
  readonly subject: string;
  readonly code: string;
  readonly detail: string;
  readonly by?: string;
  readonly data?: Readonly<Record<string, string | number>>;
}

/** What a sync tells anew, beside the roster before it. */
export interface Attended {
  readonly boot_id: string;
  readonly agent_version: string;
  /** Whether another machine uses the same token. */
  readonly cloned: boolean;
  /** Given when they have changed. */
  readonly facts?: Pick<NodeFacts, 'agent_update_failed'> | undefined;
}

const minutes = (ms: number): string => `${Math.max(1, Math.round(ms / 60_000))} min`;

/** The events of a sync: what is not as it was at the one before. */
export function eventsOfSync(
  before: Roster,
  { boot_id, agent_version, cloned, facts }: Attended,
  now: number,
): NodeEvent[] {
  const { uid: subject, agent_version: from } = before;
  const failed = facts?.agent_update_failed;
  const silentMs = now - before.seen_at;
  const events: (NodeEvent | false)[] = [
    connectionOf(before, now) !== 'online' && {
      subject,
      code: 'node_back',
      detail: `The node is back after ${minutes(silentMs)} of silence.`,
      data: { silent_ms: silentMs },
    },
    // Two machines with one token take turns: that is no reboot.
    before.boot_id !== boot_id &&
      !cloned &&
      !isCloned(before, now) && { subject, code: 'rebooted', detail: 'The machine was restarted.' },
    cloned &&
      !isCloned(before, now) && {
        subject,
        code: 'node_cloned',
        detail: 'Two machines use the token of this node: enroll one of them as a node of its own.',
      },
    from !== undefined &&
      from !== agent_version && {
        subject,
        code: 'agent_updated',
        detail: `The agent went from version ${from} to ${agent_version}.`,
        data: { from, to: agent_version },
      },
    failed !== undefined &&
      failed !== before.facts?.agent_update_failed && {
        subject,
        code: 'agent_update_failed',
        detail: `The agent stays as it is, for its update failed. ${failed}`,
      },
  ];
  return events.filter((event) => event !== false);
}

/** The events of a change by somebody. */
export function eventsOfChange(before: Node, after: Pick<Node, 'status' | 'allow'>, by: string): readonly NodeEvent[] {
  const subject = before.uid;
  const events: NodeEvent[] = [];
  if (before.status !== after.status) {
    const detail =
      after.status === 'active'
        ? 'The node takes new instances.'
        : 'The node keeps its instances, and takes no new ones.';
    events.push({ subject, code: after.status, detail, by });
  }
  const allow = consentsOf(after.allow).join(' and ');
  if (consentsOf(before.allow).join(' and ') !== allow) {
    const detail = allow
      ? `Jobs of new instances may have Docker here, by ${allow}.`
      : 'Jobs of new instances may not have Docker here.';
    events.push({ subject, code: 'allow_changed', detail, by });
  }
  return events;
}

const sentences = {
  created: 'The node was created.',
  enrollment_renewed: 'A new line to attach a machine was made; the one before is void.',
  deleted: 'The node was deleted.',
  retired: 'Nothing of the node is left here; its machine is told to remove what it has.',
} as const;

/** An event that says all by its name. */
export const nodeEvent = (subject: string, code: keyof typeof sentences, by?: string): NodeEvent => ({
  subject,
  code,
  detail: sentences[code],
  ...(by !== undefined && { by }),
});

/** A machine was attached. */
export const enrolled = (
  subject: string,
  { hostname, agent_version }: { readonly hostname: string; readonly agent_version: string },
): NodeEvent => ({
  subject,
  code: 'enrolled',
  detail: `The machine ${hostname} was attached, with version ${agent_version} of the agent.`,
  data: { hostname, agent_version },
});
