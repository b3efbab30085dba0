import * as z from 'zod';
import { change } from '#domain/instance/change.ts';
import { type Decision, decide } from '#domain/instance/decide.ts';
import { tried } from '#domain/instance/remove.ts';
import type { Instance } from '#domain/instance.ts';
import type { SystemScope } from '#store/scope.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { metrics } from './metrics.ts';
import { reaping } from './reaping.ts';
import { registrar } from './registrar.ts';
import { type Ring, ringing } from './ringing.ts';
import { table } from './table.ts';

/** An instance that is due, and whose it is. */
export interface DueInstance {
  readonly scope: SystemScope;
  readonly runner: string;
  readonly uid: string;
  readonly in: 'live' | 'past' | 'deleted';
}

/** Looks after instances that are due. */
export interface DueInstances {
  /** Decides each, writes what is decided with its next due time, and only then acts. */
  look(due: readonly DueInstance[]): Promise<void>;
}

// What is not rung now is due again only after as long as it has waited. Two commands reach what is looked at together.
const patiently = { tries: 5 } as const;
const githubMs = 10_000;
const atOnce = 8;

/** Runs over items, some at once; one that fails does not keep the others from being looked at. */
export async function each<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
  onError: (error: unknown, item: T) => void,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      const one = item;
      await run(one).catch((error: unknown) => onError(error, one));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/** Looks after instances that are due. */
export const dueInstances = service({
  id: 'due-instances',
  config: z.object({}),
  uses: [table, instances, registrar, ringing, reaping, metrics],
  open: (_config, { use, clock, log }): DueInstances => {
    const { instances: rows, nodes, runners } = use(table);
    const changes = use(instances);
    const { held } = use(reaping);

    /** The rows that are due, by where they are: live ones together, the others one by one. */
    async function read(due: readonly DueInstance[]): Promise<{ scope: SystemScope; row: Instance }[]> {
      const byOrg = Map.groupBy(due, ({ scope }) => scope.org);
      const found = await Promise.all(
        [...byOrg.values()].map(async (group) => {
          const scope = group[0]?.scope;
          if (!scope) return [];
          const live = await rows.getMany(
            scope,
            group.filter((one) => one.in === 'live'),
          );
          const others = await Promise.all(
            group.filter((one) => one.in !== 'live').map(({ runner, uid }) => rows.find(scope, runner, uid)),
          );
          return [...live, ...others].flatMap((row) => (row ? [{ scope, row }] : []));
        }),
      );
      return found.flat();
    }

    async function forget(scope: SystemScope, row: Instance): Promise<void> {
      const runner = await runners.find(scope, row.runner);
      const outcome = await use(registrar).forget(scope, runner, row.uid, githubMs);
      await changes.change(scope, row, (now) =>
        now.github_runner === 'registered' ? tried(now, clock.now(), outcome === 'busy' ? 'failed' : outcome) : now,
      );
    }

    /** What is decided, once GitHub agrees where it has a say; else the row is looked at again. */
    async function withGithub(scope: SystemScope, row: Instance, decision: Decision): Promise<Instance> {
      if (!decision.unlessBusy || row.github_runner !== 'registered') return decision.row;
      const runner = await runners.find(scope, row.runner);
      const outcome = await use(registrar).forget(scope, runner, row.uid, githubMs);
      const now = clock.now();
      return outcome === 'busy' ? change(row, now, {}) : tried(decision.row, now, outcome);
    }

    return {
      async look(due) {
        const found = await read(due);
        const orgs = Map.groupBy(found, ({ scope }) => scope.org);
        const seen = new Map(
          await Promise.all(
            [...orgs].map(async ([org, group]) => {
              const [first] = group;
              const uids = group.map(({ row }) => row.node);
              return [org, first ? await nodes.getMany(first.scope, uids) : new Map()] as const;
            }),
          ),
        );
        const rings: Ring[] = [];
        let overdue = 0;
        await each(
          found,
          async ({ scope, row }) => {
            const now = clock.now();
            // The index is a hint: the row may have moved on. Writing it moves its place there, so that those that wait
            // for long do not stand before all that is due.
            if (row.due === undefined) return;
            if (row.due > now) return void (await changes.move(scope, row, { ...row }));
            const roster = seen.get(scope.org)?.get(row.node)?.roster;
            const decision = decide(row, roster, { now, random: Math.random, held });
            const moved = await changes.move(scope, row, await withGithub(scope, row, decision));
            if (!moved) return;
            if (decision.ring) rings.push({ scope, row: moved, bell: roster?.bell });
            if (decision.alarm !== undefined) overdue++;
            if (decision.forget) await forget(scope, moved);
          },
          (error, { row }) => log.error('an instance was not looked at', { instance: row.uid, error }),
        );
        if (overdue > 0) use(metrics).record('deleting_overdue', overdue);
        await use(ringing).ring(rings, patiently);
      },
    };
  },
});
