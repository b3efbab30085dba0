import * as z from 'zod';
import { request } from '#domain/instance/request.ts';
import type { Instance } from '#domain/instance.ts';
import { placementOf } from '#domain/organization.ts';
import { place } from '#domain/place.ts';
import { Problem, problem } from '#domain/problem.ts';
import { keeper } from '#domain/replacement.ts';
import type { Runner } from '#domain/runner.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { SeenNode } from '#store/nodes.ts';
import type { Scope } from '#store/scope.ts';
import type { Creating } from '#store/write.ts';
import { service } from '../service.ts';
import { table } from './table.ts';

/** An instance that was just made, or was there by the same idempotency key; and what it is shown with. */
export interface Provisioned {
  readonly instance: Instance;
  readonly runner: Runner;
  readonly node: SeenNode | undefined;
}

/** Makes instances. */
export interface Provisioning {
  /** On the node that is named, else on one that is chosen. */
  create(scope: OrgScope, runner: string, node: string | undefined, write: Creating): Promise<Provisioned>;
  /**
   * One in the place of one that has ended, on a node that is chosen, if possible not on the one to `avoid`; undefined if
   * the runner has enough. After a failure it is made as a `probe`: the only one.
   */
  replace(
    scope: Scope,
    runner: string,
    how: { readonly probe: boolean; readonly avoid?: string | undefined },
  ): Promise<Provisioned | undefined>;
}

/** Others may take the last place of a node between our look and our transaction: then another is chosen. */
const mostChoices = 10;

const passing = (error: unknown): boolean =>
  error instanceof Problem && ['node.full', 'node.inactive', 'node.not-allowed', 'node.not-found'].includes(error.code);

function assertCredential(runner: Runner, now: number): void {
  if ((runner.credential_expires_at ?? Number.POSITIVE_INFINITY) > now) return;
  const detail = `The token of ${runner.name} has expired at ${new Date(runner.credential_expires_at ?? 0).toISOString()}. PUT the runner with a new github_runner_token; a personal access token lasts.`;
  throw problem('runner.token-expired', detail);
}

/** Makes instances: the intent, placed on a node, in one transaction. */
export const provisioning = service({
  id: 'provisioning',
  config: z.object({}),
  uses: [table],
  open: (_config, { use, clock, ids }): Provisioning => {
    const { organizations, runners, nodes, instances, idempotency } = use(table);

    const lookAround = (scope: Scope) => Promise.all([nodes.list(scope), organizations.get(scope)]);

    type Surroundings = Awaited<ReturnType<typeof lookAround>>;

    function choose(runner: Runner, [{ items }, organization]: Surroundings, avoid: string | undefined): SeenNode {
      const among = (all: readonly SeenNode[]) => place(all, clock.now(), placementOf(organization), runner);
      const others = among(avoid === undefined ? [] : items.filter(({ node }) => node.uid !== avoid));
      const placed = 'node' in others ? others : among(items);
      const chosen = 'node' in placed ? items.find(({ node }) => node.uid === placed.node) : undefined;
      if (chosen) return chosen;
      throw problem('node.none-available', 'none' in placed ? placed.none : 'The chosen node is gone.');
    }

    /** Puts an instance on a node that is chosen. */
    async function onChosen<T>(
      scope: Scope,
      { runner, around, avoid }: { readonly runner: Runner; readonly around: Surroundings; readonly avoid?: string },
      put: (on: SeenNode) => Promise<T>,
    ): Promise<T> {
      let node = choose(runner, around, avoid);
      for (let choice = 1; ; choice++) {
        try {
          return await put(node);
        } catch (error) {
          if (choice >= mostChoices || !passing(error)) throw error;
          // What is full by now is seen to be: the nodes are read as they are.
          node = choose(runner, await lookAround(scope), avoid);
        }
      }
    }

    async function put(scope: OrgScope, runner: Runner, node: SeenNode, write: Creating): Promise<Provisioned> {
      const now = clock.now();
      const facts = node.roster?.facts;
      const draft = request({ org: scope.org, uid: ids.uid(), runner, node: node.node, facts, by: write.by.uid }, now);
      const { created, replayed } = await instances.create(scope, draft, write);
      if (!replayed) return { instance: created, runner, node };
      const seen = await nodes.getMany(scope, [created.node]);
      return { instance: created, runner, node: seen.get(created.node) };
    }

    return {
      async create(scope, runnerUid, nodeUid, write) {
        const known = write.once ? idempotency.find(write.once) : undefined;
        // Of two that are not there, it is always the runner that is told.
        const reading = Promise.allSettled([
          runners.get(scope, runnerUid),
          nodeUid === undefined ? lookAround(scope) : nodes.get(scope, nodeUid),
        ]);
        const before = await known;
        if (before !== undefined) {
          // What stood in the way of another one now, does not concern the one that is there.
          const [row, runner] = await Promise.all([
            instances.find(scope, runnerUid, before),
            runners.get(scope, runnerUid),
          ]);
          if (!row || row.state === 'deleting' || row.state === 'deleted') {
            throw problem('instance.not-found', `The instance "${before}" of this key has been deleted.`);
          }
          const seen = await nodes.getMany(scope, [row.node]);
          return { instance: row, runner, node: seen.get(row.node) };
        }
        const [foundRunner, found] = await reading;
        if (foundRunner.status === 'rejected') throw foundRunner.reason;
        if (found.status === 'rejected') throw found.reason;
        const runner = foundRunner.value;
        assertCredential(runner, clock.now());
        const putOn = (node: SeenNode) => put(scope, runner, node, write);
        return 'node' in found.value ? putOn(found.value) : onChosen(scope, { runner, around: found.value }, putOn);
      },

      async replace(scope, uid, { probe, avoid }) {
        const [runner, around] = await Promise.all([runners.get(scope, uid), lookAround(scope)]);
        assertCredential(runner, clock.now());
        const replaceOn = async (node: SeenNode): Promise<Provisioned | undefined> => {
          const of = { org: scope.org, uid: ids.uid(), runner, node: node.node, facts: node.roster?.facts };
          const draft = request({ ...of, by: keeper, probe }, clock.now());
          const instance = await instances.replace(scope, draft, { by: { uid: keeper, request_id: 'replacement' } });
          return instance && { instance, runner, node };
        };
        return onChosen(scope, { runner, around, ...(avoid !== undefined && { avoid }) }, replaceOn);
      },
    };
  },
});
