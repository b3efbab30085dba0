import { type Drain, drainedWhy } from '#domain/drain.ts';
import { type Instance, placementOf } from '#domain/instance.ts';
import { organizationLimits, orgId } from '#domain/organization.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { countOne } from './counters.ts';
import { type EventDraft, eventSteps } from './events.ts';
import { absent, all, any, belowOwn, exists, is } from './expression.ts';
import { onceSteps, type Replay } from './idempotency.ts';
import { writeInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { nodeNotFound } from './node-removal.ts';
import { placementRow } from './node-rows.ts';
import { runnerNotFound } from './runner-removal.ts';
import { put, type Refused, update } from './steps.ts';
import type { Creating } from './write.ts';

const unlimited = any(absent('max_instances'), is('max_instances', '=', null), belowOwn('instances', 'max_instances'));

const runnerRefused = (uid: string, row: Refused): Problem =>
  row ? problem('runner.deleting', `The runner "${row.name}" is being deleted.`) : runnerNotFound(uid);

function nodeRefused(uid: string, row: Refused): Problem {
  if (!row || row.deleting_at !== undefined) return nodeNotFound(uid);
  if (row.drain !== undefined) {
    const why = drainedWhy(row.drain as Drain);
    return problem('node.inactive', `${row.name} ${why}. Cancel that by \`DELETE …/drain\`, or choose another node.`);
  }
  if (row.status !== 'active')
    return problem('node.inactive', `${row.name} is inactive. Set its status to "active", or choose another node.`);
  return problem(
    'node.full',
    `${row.name} has ${row.instances} of at most ${row.max_instances} instances. Delete one, raise "max_instances", or choose another node.`,
  );
}

/** What creating an instance takes besides it. */
export type CreatingInstance = Creating & { readonly events?: readonly EventDraft[] };

/** Puts an instance, with its placement, in one transaction with all that counts it. */
export async function createInstance(
  link: Link,
  scope: OrgScope,
  instance: Instance,
  { by, once, events = [] }: CreatingInstance,
): Promise<Replay | Instance> {
  const row: Instance = { ...instance, org: orgId(scope.org) };
  const placement = placementOf(row);
  if (!placement) throw problem('internal.error', 'An instance that has ended cannot be made.');
  const { org, uid, node, runner } = row;

  await scope.member;
  const replayed = await link.transact([
    ...onceSteps(link, once, uid),
    update(keys.runner(org, runner), { add: { instances: 1 } }, all(exists(), absent('deleting_at')), (old) =>
      runnerRefused(runner, old),
    ),
    update(
      keys.node(org, node),
      { add: { instances: 1 } },
      all(is('status', '=', 'active'), absent('deleting_at'), absent('drain'), unlimited),
      (old) => nodeRefused(node, old),
    ),
    countOne(org, 'instances', organizationLimits.instances),
    put(writeInstance(row), absent()),
    put(placementRow.write(keys.placement(node, uid), placement), absent()),
    ...eventSteps(link, org, events),
    auditStep(link, org, by, 'instances.create', uid),
  ]);
  return replayed ?? row;
}
