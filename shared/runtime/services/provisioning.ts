import * as z from 'zod';
import { request } from '#domain/instance/request.ts';
import type { Instance } from '#domain/instance.ts';
import { placementOf } from '#domain/organization.ts';
import { place } from '#domain/place.ts';
import { Problem, problem } from '#domain/problem.ts';
import type { Runner } from '#domain/runner.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { SeenNode } from '#store/nodes.ts';
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
}

/** Others may take the last place of a node between our look and our transaction: then another is chosen. */
const mostChoices = 10;

const passing = (error: unknown): boolean =>
  error instanceof Problem && ['node.full', 'node.inactive', 'node.not-found'].includes(error.code);

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

    const lookAround = (scope: OrgScope) => Promise.all([nodes.list(scope), organizations.get(scope)]);

    function choose(runner: Runner, [{ items }, organization]: Awaited<ReturnType<typeof lookAround>>): SeenNode {
      const placed = place(items, clock.now(), placementOf(organization), runner);
      const chosen = 'node' in placed ? items.find(({ node }) => node.uid === placed.node) : undefined;
      if (chosen) return chosen;
      throw problem('node.none-available', 'none' in placed ? placed.none : 'The chosen node is gone.');
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
        let node = 'node' in found.value ? found.value : choose(runner, found.value);
        for (let choice = 1; ; choice++) {
          try {
            return await put(scope, runner, node, write);
          } catch (error) {
            if (nodeUid !== undefined || choice >= mostChoices || !passing(error)) throw error;
            // What is full by now is seen to be: the nodes are read as they are.
            node = choose(runner, await lookAround(scope));
          }
        }
      },
    };
  },
});
