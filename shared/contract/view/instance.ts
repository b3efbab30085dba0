import { hostOf } from '#domain/instance/request.ts';
import { shown } from '#domain/instance/shown.ts';
import { containerName, type Instance, isFinal } from '#domain/instance.ts';
import type { Node, Roster } from '#domain/node.ts';
import { timestamp, timestampOrNull } from './time.ts';

/** What an instance is shown with, besides its row: its node with its last sync, and its runner, as they are now. */
export interface Around {
  readonly node?: { readonly node: Node; readonly roster: Roster | undefined } | undefined;
  readonly runner?: { readonly name: string } | undefined;
}

/** An instance as the API shows it now (epoch milliseconds). Ended ones know all that is shown of their node. */
export function showInstance(row: Instance, { node: seen, runner }: Around, now: number) {
  const { status, reason, heartbeatAt } = shown(row, seen?.roster, now);
  const live = !isFinal(row) && seen;
  return {
    uid: row.uid,
    runner: { uid: row.runner, name: isFinal(row) ? row.runner_name : (runner?.name ?? row.runner_name) },
    node: { uid: row.node, name: live ? live.node.name : row.node_name },
    instance_identifier: containerName(row.uid),
    instance_host: live ? hostOf(live.node, live.roster?.facts) : row.host,
    status,
    last_heartbeat: timestampOrNull(heartbeatAt),
    created_at: timestamp(row.created_at),
    started_at: timestampOrNull(row.started_at),
    listening_at: timestampOrNull(row.listening_at),
    ended_at: timestampOrNull(row.ended_at),
    exit_code: row.exit_code ?? null,
    job: row.job ? { name: row.job.name, started_at: timestamp(row.job.started_at) } : null,
    ...(reason && { reason: { ...reason, since: timestamp(reason.since) } }),
  };
}
