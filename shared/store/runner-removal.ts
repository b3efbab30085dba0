import { type Problem, problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { uncountOne } from './counters.ts';
import { absent, all, exists, is } from './expression.ts';
import { readInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { nameInstances } from './names.ts';
import { dueAttributes } from './row.ts';
import { admitted, type Scope } from './scope.ts';
import { remove, update } from './steps.ts';
import type { Actor } from './write.ts';

/** What is said of a runner that is not there, or not the organization's. */
export const runnerNotFound = (uid: string): Problem => problem('runner.not-found', `There is no runner "${uid}".`);

/** The removal of runners. */
export interface RunnerRemoval {
  /** Removes a runner without instances; `runner.not-found`, `runner.has-instances` (names them). */
  remove(scope: OrgScope, uid: string, write: { readonly by: Actor }): Promise<void>;
  /** By force, first step: the runner is 404, and due at `due` for the sweep. */
  beginRemoval(scope: OrgScope, uid: string, write: { readonly by: Actor; readonly due: number }): Promise<void>;
  /** By force, last step: false while there are instances; true once it is gone. */
  finishRemoval(scope: Scope, uid: string): Promise<boolean>;
}

/** Makes the part of the repository of runners that removes them. */
export function runnerRemoval(link: Link): RunnerRemoval {
  async function occupied(org: string, uid: string, keeps: boolean): Promise<Problem> {
    const { rows } = await link.query(keys.instances(org, uid));
    const instances = rows.map((row) => readInstance(row)).map(({ uid, want }) => ({ uid, goes: want === 'gone' }));
    const first = keeps ? 'Set `desired_instances` to 0 and delete them first' : 'Delete them first';
    return problem(
      'runner.has-instances',
      `The runner has instances: ${nameInstances(instances) || 'one that is just being made'}. ${first}, or delete the runner with \`?force=true\`.`,
    );
  }

  return {
    async remove(scope, uid, { by }) {
      await scope.member;
      const free = all(exists(), absent('deleting_at'), is('instances', '=', 0));
      const failed = await link.transact([
        remove(keys.runner(scope.org, uid), free, (row) =>
          row && row.deleting_at === undefined
            ? { keeps: Number(row.desired_instances ?? 0) > 0 }
            : runnerNotFound(uid),
        ),
        uncountOne(scope.org, 'runners'),
        auditStep(link, scope.org, by, 'runners.remove', uid),
      ]);
      if (failed) throw await occupied(scope.org, uid, failed.keeps);
    },

    async beginRemoval(scope, uid, { by, due }) {
      await scope.member;
      await link.transact([
        update(
          keys.runner(scope.org, uid),
          { set: { deleting_at: link.now(), ...dueAttributes(due) } },
          all(exists(), absent('deleting_at')),
          () => runnerNotFound(uid),
        ),
        auditStep(link, scope.org, by, 'runners.remove', uid),
      ]);
    },

    async finishRemoval(scope, uid) {
      await admitted(scope);
      const failed = await link.transact([
        remove(keys.runner(scope.org, uid), all(exists('deleting_at'), is('instances', '=', 0)), (row) =>
          row ? ('waiting' as const) : ('gone' as const),
        ),
        uncountOne(scope.org, 'runners'),
      ]);
      return failed !== 'waiting';
    },
  };
}
