import { type Instance, type InstanceReason, isFinal } from '../instance.ts';
import { connectionOf, isCloned } from '../node.ts';
import type { Why } from './change.ts';
import type { LastSync } from './decide.ts';
import { endedEarly } from './early.ts';
import { neverConnected, rebooted, silent } from './sentences.ts';

/** What an instance is shown as. */
export type ShownStatus = 'provisioning' | 'online' | 'busy' | 'stopped' | 'failed' | 'offline';

/** An instance's status, why it is neither online nor busy, and the last sync of its node as far as it tells of it. */
export interface Shown {
  readonly status: ShownStatus;
  readonly reason?: InstanceReason;
  /** Epoch milliseconds; undefined before the first report of it. */
  readonly heartbeatAt?: number;
}

const waiting = (row: Instance): Why => ({
  code: 'waiting_for_node',
  detail: `${row.node_name} has been told, and has not answered yet.`,
});

const steps: Partial<Record<Instance['state'], (row: Instance) => Why>> = {
  pulling: (row) => ({ code: 'pulling', detail: `${row.node_name} is pulling ${row.image}.` }),
  claimed: (row) => ({ code: 'starting', detail: `${row.node_name} is starting the container.` }),
  started: () => ({ code: 'registering', detail: 'The container runs; its runner does not listen for jobs yet.' }),
};

function provisioning(row: Instance, roster: LastSync, now: number): InstanceReason {
  const since = row.state_at;
  if (row.state !== 'requested') return { ...(steps[row.state] ?? waiting)(row), since };
  const connection = connectionOf(roster, now);
  if (!roster) return { ...neverConnected(row), since };
  if (connection === 'unreachable') return { ...silent(row, roster.seen_at), since: roster.seen_at };
  return row.reason ?? { ...waiting(row), since };
}

const started: readonly Instance['state'][] = ['claimed', 'started', 'running'];

/** Whether its node was restarted, and has not said yet what has become of it. Two machines tell nothing by their boots. */
const isOfAnotherBoot = (row: Instance, roster: NonNullable<LastSync>, now: number): boolean =>
  (row.state === 'started' || row.state === 'running') &&
  row.boot_id !== undefined &&
  roster.boot_id !== undefined &&
  row.boot_id !== roster.boot_id &&
  !isCloned(roster, now);

function statusOf(row: Instance, roster: LastSync, now: number): Pick<Shown, 'status' | 'reason'> {
  if (started.includes(row.state) && roster && connectionOf(roster, now) === 'unreachable') {
    return { status: 'offline', reason: { ...silent(row, roster.seen_at), since: roster.seen_at } };
  }
  if (roster && isOfAnotherBoot(row, roster, now)) {
    return { status: 'offline', reason: { ...rebooted(row), since: roster.previous_seen_at ?? roster.seen_at } };
  }
  if (row.state === 'running') return { status: row.job ? 'busy' : 'online' };
  if (row.want === 'run' && row.state !== 'ended' && !isFinal(row)) {
    return { status: 'provisioning', reason: provisioning(row, roster, now) };
  }
  const reason = row.reason ?? {
    code: 'ended',
    detail: 'The instance has ended.',
    since: row.ended_at ?? row.state_at,
  };
  const byItself = row.state === 'ended' || endedEarly(row);
  const stopped = row.state === 'stopped' || (row.state !== 'failed' && byItself && row.listening_at !== undefined);
  return { status: stopped ? 'stopped' : 'failed', reason };
}

/** What is shown of an instance at this time. `offline` concludes nothing: the node is silent, and that is all we know. */
export function shown(row: Instance, roster: LastSync, now: number): Shown {
  const heard = row.reported_at === undefined ? undefined : roster && Math.max(roster.seen_at, row.reported_at);
  const heartbeatAt = row.ended_at === undefined ? heard : row.heartbeat_at;
  return { ...statusOf(row, roster, now), ...(heartbeatAt === undefined ? {} : { heartbeatAt }) };
}
