import { howToAllow, notAllowed } from '#domain/docker.ts';
import { type Drain, drainedWhy } from '#domain/drain.ts';
import { type Instance, placementOf } from '#domain/instance.ts';
import type { Node } from '#domain/node.ts';
import { organizationLimits, orgId } from '#domain/organization.ts';
import { type Problem, problem } from '#domain/problem.ts';
import { auditStep } from './audit.ts';
import { countOne } from './counters.ts';
import { type EventDraft, eventSteps } from './events.ts';
import { absent, all, any, belowOwn, type Condition, exists, has, is } from './expression.ts';
import { onceSteps, type Replay } from './idempotency.ts';
import { writeInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { nodeNotFound } from './node-removal.ts';
import { placementRow } from './node-rows.ts';
import { dueAttributes } from './row.ts';
import { runnerNotFound } from './runner-removal.ts';
import { admitted, type Scope } from './scope.ts';
import { put, type Refused, type Step, update } from './steps.ts';
import type { Creating } from './write.ts';

const unlimited = any(absent('max_instances'), is('max_instances', '=', null), belowOwn('instances', 'max_instances'));

function runnerRefused(uid: string, row: Refused): Problem {
  if (!row) return runnerNotFound(uid);
  if (row.deleting_at !== undefined) return problem('runner.deleting', `The runner "${row.name}" is being deleted.`);
  return problem('service.unavailable', `The runner "${row.name}" is being changed just now. Please try again.`, {
    retryAfterSeconds: 1,
  });
}

const isThere = all(exists(), absent('deleting_at'));
const keepsNone = any(absent('desired_instances'), is('desired_instances', '=', 0));
const lacksOne = all(belowOwn('alive', 'desired_instances'), absent('uncounted'));

/** What a runner has to be for one more instance, and how it counts it. */
function runnerStep<R>(
  { org, runner, kept, probe, uid }: Instance,
  { where, wakes, refused }: { where: Condition; wakes?: number; refused: (row: Refused) => R },
) {
  const set = { ...(wakes !== undefined && dueAttributes(wakes)), ...(probe && { probe: uid }) };
  return update(keys.runner(org, runner), { add: { instances: 1, alive: kept ? 1 : 0 }, set }, where, refused);
}

function nodeRefused({ node: uid, docker }: Instance, row: Refused): Problem {
  if (!row || row.deleting_at !== undefined) return nodeNotFound(uid);
  if (row.drain !== undefined) {
    const why = drainedWhy(row.drain as Drain);
    return problem('node.inactive', `${row.name} ${why}. Cancel that by \`DELETE …/drain\`, or choose another node.`);
  }
  if (row.status !== 'active')
    return problem('node.inactive', `${row.name} is inactive. Set its status to "active", or choose another node.`);
  const why = notAllowed(row.allow as Node['allow'], docker);
  if (docker && why) return problem('node.not-allowed', `${row.name} ${why}. ${howToAllow(docker)}`);
  return problem(
    'node.full',
    `${row.name} has ${row.instances} of at most ${row.max_instances} instances. Delete one, raise "max_instances", or choose another node.`,
  );
}

/** What creating an instance takes besides it. */
export type CreatingInstance = Creating & { readonly events?: readonly EventDraft[] };

/** All that goes with an instance, but for what its runner has to be. */
function creationSteps(link: Link, row: Instance, { by, events = [] }: CreatingInstance): readonly Step[] {
  const placement = placementOf(row);
  if (!placement) throw problem('internal.error', 'An instance that has ended cannot be made.');
  const { org, uid, node } = row;
  return [
    update(
      keys.node(org, node),
      { add: { instances: 1 } },
      all(
        is('status', '=', 'active'),
        absent('deleting_at'),
        absent('drain'),
        unlimited,
        ...(row.docker ? [has('allow', row.docker)] : []),
      ),
      (old) => nodeRefused(row, old),
    ),
    countOne(org, 'instances', organizationLimits.instances),
    put(writeInstance(row), absent()),
    put(placementRow.write(keys.placement(node, uid), placement), absent()),
    ...eventSteps(link, org, events),
    auditStep(link, org, by, 'instances.create', uid),
  ];
}

/** Puts an instance, with its placement, in one transaction with all that counts it. */
export async function createInstance(
  link: Link,
  scope: Scope,
  instance: Instance,
  write: CreatingInstance,
): Promise<Replay | Instance> {
  const row: Instance = { ...instance, org: orgId(scope.org) };
  const refused = (old: Refused) => runnerRefused(row.runner, old);
  // One that is made in the belief that nobody keeps any would never be counted.
  const where = row.kept ? isThere : all(isThere, keepsNone);
  await admitted(scope);
  const replayed = await link.transact([
    ...onceSteps(link, write.once, row.uid),
    runnerStep(row, { where, ...(row.kept && { wakes: link.now() }), refused }),
    ...creationSteps(link, row, write),
  ]);
  return replayed ?? row;
}

/** Puts an instance only while its runner lacks one: undefined if it does not, whoever was faster. */
export async function replaceInstance(
  link: Link,
  scope: Scope,
  instance: Instance,
  write: CreatingInstance,
): Promise<Instance | undefined> {
  const row: Instance = { ...instance, org: orgId(scope.org) };
  const refused = (old: Refused): 'enough' | Problem =>
    old && old.deleting_at === undefined ? 'enough' : runnerRefused(row.runner, old);
  const alone = row.probe ? [absent('probe')] : [];
  await admitted(scope);
  const failed = await link.transact([
    runnerStep(row, { where: all(isThere, lacksOne, ...alone), refused }),
    ...creationSteps(link, row, write),
  ]);
  return failed ? undefined : row;
}
