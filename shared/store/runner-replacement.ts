import type { Settled } from '#domain/replacement/plan.ts';
import type { Runner } from '#domain/runner.ts';
import { absent, all, type Change, exists, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { dueAttributes } from './row.ts';
import { runnerRow } from './runner-rows.ts';
import { type Scope, within } from './scope.ts';
import { update } from './steps.ts';

/** What a runner's row knows of the number that it keeps, and no customer writes. */
export type Kept = Pick<
  Runner,
  'alive' | 'uncounted' | 'probe' | 'failed' | 'probe_listened_at' | 'useful_at' | 'replacement'
>;

/** The replacement of a runner's instances. Whatever concerns its number makes the row due in the same transaction. */
export interface RunnerReplacement {
  /**
   * Takes a runner that is due, until a time (not the same for two at once) at which it is due again: the runner as it
   * was. Undefined where nothing is due, somebody else has it, or it is being deleted. One wait.
   */
  hold(scope: Scope, uid: string, until: number): Promise<Runner | undefined>;
  /** Writes what has come of it: false if something has happened since it was held, which makes it due. */
  release(scope: Scope, uid: string, until: number, settled: Settled): Promise<boolean>;
  /** The same, where only all that there are have been counted: it stays due. */
  counted(scope: Scope, uid: string, until: number): Promise<boolean>;
}

/** What a change of a runner means for its number: a person had a hand in it, so it is tried at once, and afresh. */
export function wakeOnChange(before: Runner, after: Runner, now: number): Change {
  const { desired_instances: was = 0 } = before;
  const { desired_instances: desired = 0 } = after;
  if (was === 0 && desired === 0) return {};
  const afresh = { replacement: undefined, failed: undefined, ...dueAttributes(now) };
  return { set: { ...afresh, ...(was === 0 && { uncounted: true }) }, keep: { alive: 0 } };
}

/** Makes the part of the repository of runners that replaces their instances. */
export function runnerReplacement(link: Link): RunnerReplacement {
  async function release(scope: Scope, uid: string, until: number, set: Change['set']): Promise<boolean> {
    const held = all(exists(), is('due', '=', until));
    const step = update(keys.runner(scope.org, uid), { ...(set && { set }) }, held, () => 'moved' as const);
    return (await within(scope, link.write(step))).done;
  }

  return {
    async hold(scope, uid, until) {
      const due = all(absent('deleting_at'), is('due', '<=', link.now()));
      const step = update(keys.runner(scope.org, uid), { set: { due: until } }, due, () => 'held' as const);
      const written = await within(scope, link.write(step));
      const { pk, sk } = keys.runner(scope.org, uid);
      return written.done && written.before ? runnerRow.read({ ...written.before, pk, sk }) : undefined;
    },

    release: (scope, uid, until, { replacement, due }) =>
      release(scope, uid, until, {
        replacement,
        failed: undefined,
        probe_listened_at: undefined,
        ...dueAttributes(due),
      }),

    counted: (scope, uid, until) => release(scope, uid, until, { uncounted: undefined, due: link.now() }),
  };
}
