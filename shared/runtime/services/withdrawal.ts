import * as z from 'zod';
import { remove, tried } from '#domain/instance/remove.ts';
import { type Instance, isBusy, isFinal } from '#domain/instance.ts';
import { connectionOf } from '#domain/node.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { Scope } from '#store/scope.ts';
import type { Actor } from '#store/write.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { type Forgotten, registrar } from './registrar.ts';
import { table } from './table.ts';

/** Which instance of which runner. */
export interface InstanceName {
  readonly runner: string;
  readonly uid: string;
}

/** Removes instances, at GitHub and here. */
export interface Withdrawal {
  /** What is to be rung then; undefined if nothing. `instance.not-found`, `instance.busy`. */
  remove(
    scope: Scope,
    name: InstanceName,
    options: { readonly by: Actor; readonly force: boolean },
  ): Promise<string | undefined>;
}

/** How long GitHub may keep somebody waiting; after that the sweep does it. */
const githubMs = 2000;

const notFound = (uid: string): Problem =>
  problem('instance.not-found', `There is no instance "${uid}" of this runner.`);

const busy = (job: string): Problem =>
  problem(
    'instance.busy',
    `The instance runs ${job}. Wait for it to end, or add ?force=true, which cancels it after 60 s.`,
  );

/** Removes instances: their runner at GitHub first, so that it gets no job meanwhile; then what is wanted. */
export const withdrawal = service({
  id: 'withdrawal',
  config: z.object({}),
  uses: [table, instances, registrar],
  open: (_config, { use, clock }): Withdrawal => {
    const { nodes, runners, instances: rows } = use(table);
    const changes = use(instances);

    async function forget(scope: Scope, row: Instance, force: boolean): Promise<Forgotten | undefined> {
      // What runs a job is cancelled by stopping it; GitHub would refuse.
      if (row.github_runner !== 'registered' || isFinal(row) || isBusy(row)) return undefined;
      const runner = await runners.find(scope, row.runner);
      const outcome = await use(registrar).forget(scope, runner, row.uid, githubMs);
      if (outcome === 'busy' && !force) throw busy('a job, as GitHub says');
      return outcome;
    }

    return {
      async remove(scope, name, { by, force }) {
        const found = await rows.find(scope, name.runner, name.uid);
        if (!found || found.state === 'deleted' || found.state === 'deleting') throw notFound(name.uid);
        if (isBusy(found) && !force) throw busy(`the job "${found.job?.name}"`);
        const [seen, outcome] = await Promise.all([nodes.getMany(scope, [found.node]), forget(scope, found, force)]);
        const roster = seen.get(found.node)?.roster;

        const decide = (row: Instance): Instance => {
          if (row.state === 'deleted' || row.state === 'deleting') throw notFound(name.uid);
          const now = clock.now();
          const verdict = remove(row, { force, connection: connectionOf(roster, now), by: by.uid }, now);
          if ('busy' in verdict) throw busy(`the job "${verdict.busy}"`);
          if (outcome === undefined) return verdict.row;
          // A claim that is under way may be making it at this moment: the sweep looks again.
          const making = row.claim !== undefined && !row.claim.minted;
          const sure = outcome === 'unknown' || (outcome === 'forgotten' && !making);
          return tried(verdict.row, now, sure ? outcome : 'failed');
        };
        const moved = await changes.change(scope, found, decide, { by });
        if (!moved) throw notFound(name.uid);
        return isFinal(found) ? undefined : roster?.bell;
      },
    };
  },
});
