import * as z from 'zod';
import type { At } from '#domain/instance/accept.ts';
import { isAlive } from '#domain/instance.ts';
import { Problem, type ProblemCode } from '#domain/problem.ts';
import { type Outcome, type Plan, planOf, settledOf } from '#domain/replacement/plan.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { type Provisioned, provisioning } from './provisioning.ts';
import { ringing } from './ringing.ts';
import { table } from './table.ts';

/** What a look may do. */
export interface Look {
  /** How many instances it may make; the sweep makes the others. */
  readonly most: number;
  /** Removes so many that are too many; without it the sweep does. Whether some of them are busy, and go later. */
  readonly trim?: (many: number) => Promise<{ readonly later: boolean }>;
  /** The node that is told by the answer, and has not to be rung. */
  readonly answers?: string;
}

/** Sees to it that as many instances of a runner are alive as are desired. */
export interface Replacing {
  /** Looks at a runner that is due, and at no other: what it has made. Two looks at once make no more than one does. */
  look(scope: Scope, runner: string, look: Look): Promise<readonly Provisioned[]>;
}

/** From when on the sweep takes up a look that was cut off: a function's own time is over by then. */
const takenUpAfterMs = 60_000;
/** What is too many and runs a job is looked at again, where it may be idle after its job. */
const laterMs = 60_000;
const mostTurns = 10;

const blocking: readonly ProblemCode[] = ['node.none-available', 'organization.limit', 'runner.token-expired'];

/** Replaces what has ended. */
export const replacing = service({
  id: 'replacing',
  config: z.object({}),
  uses: [table, instances, provisioning, ringing],
  open: (_config, { use, clock, log }): Replacing => {
    const { runners, instances: rows } = use(table);
    const at = (): At => ({ now: clock.now(), random: Math.random });

    /** Those from before anybody kept any: from now on their runner is told of their end. */
    async function countAll(scope: Scope, runner: string): Promise<void> {
      for (const row of await rows.listOfRunner(scope, runner)) {
        await use(instances).change(scope, row, (now) => (isAlive(now) && !now.kept ? { ...now, kept: true } : now));
      }
    }

    async function make(scope: Scope, uid: string, plan: Plan, most: number) {
      const made: Provisioned[] = [];
      const how = { probe: plan.probe, avoid: plan.replacement?.avoid };
      let blocked: Outcome['blocked'];
      try {
        while (made.length < Math.min(plan.make, most)) {
          const one = await use(provisioning).replace(scope, uid, how);
          if (!one) break;
          made.push(one);
        }
      } catch (error) {
        if (!(error instanceof Problem) || !blocking.includes(error.code)) throw error;
        const code = error.code.replace(/[.-]/g, '_');
        blocked = { code, detail: error.message, final: error.code === 'runner.token-expired' };
      }
      return { made, blocked };
    }

    /** When to look again after what was too many was removed: each that was makes its runner due by itself. */
    async function trimmed(many: number, trim: Look['trim']): Promise<number | undefined> {
      if (!trim) return clock.now();
      const { later } = await trim(many);
      return later ? clock.now() + laterMs : undefined;
    }

    async function ring(scope: Scope, made: readonly Provisioned[], answers: string | undefined): Promise<void> {
      const rings = made.filter(({ instance }) => instance.node !== answers);
      await use(ringing).ring(rings.map(({ instance: row, node }) => ({ scope, row, bell: node?.roster?.bell })));
    }

    return {
      async look(scope, uid, { most, trim, answers }) {
        const all: Provisioned[] = [];
        for (let turn = 0; turn < mostTurns && all.length < most; turn++) {
          // Not the same for two at once: whoever holds it, knows by that time that nothing has happened since.
          const until = clock.now() + takenUpAfterMs + Math.floor(Math.random() * 10_000);
          const runner = await runners.hold(scope, uid, until);
          if (!runner) break;
          if (runner.uncounted) {
            await countAll(scope, uid);
            await runners.counted(scope, uid, until);
            continue;
          }
          const plan = planOf(runner, at());
          const { made, blocked } = await make(scope, uid, plan, most - all.length);
          all.push(...made);
          if (blocked) log.info('an instance was not replaced', { runner: uid, reason: blocked.code });
          const settled = settledOf(plan, { made: made.length, blocked }, at());
          if (plan.remove > 0) {
            const due = await trimmed(plan.remove, trim);
            await runners.release(scope, uid, until, { ...settled, due });
            break;
          }
          await runners.release(scope, uid, until, settled);
        }
        await ring(scope, all, answers);
        return all;
      },
    };
  },
});
