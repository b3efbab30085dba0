import type { Instance } from '#domain/instance.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { type CreatingInstance, createInstance, replaceInstance } from './instance-create.ts';
import { type InstancePageOptions, type ListedInstance, listInstances } from './instance-list.ts';
import { readInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { placementRow } from './node-rows.ts';
import { readNodes } from './nodes.ts';
import type { Page } from './page.ts';
import { readRunners } from './runners.ts';
import { type Scope, within } from './scope.ts';
import { type TransitionExtras, transition } from './transition.ts';
import type { Created } from './write.ts';

/** What names an instance inside its organization. */
export type InstanceName = Pick<Instance, 'runner' | 'uid'>;

/** Instances: live, ended (`stopped`, `failed`), and deleted. Their state says which. */
export interface Instances {
  /**
   * One transaction: runner, node and organization count it, instance and placement are there. `runner.not-found`,
   * `runner.deleting`, `node.not-found`, `node.inactive`, `node.full`, `organization.limit`.
   */
  create(scope: OrgScope, instance: Instance, write: CreatingInstance): Promise<Created<Instance>>;
  /**
   * The same, as long as fewer of the runner's instances are alive than are desired, in the same transaction: undefined
   * if there are enough, or where it is the one after a failure, and there is one already.
   */
  replace(scope: Scope, instance: Instance, write: CreatingInstance): Promise<Instance | undefined>;
  /** Live, ended or deleted, in one consistent wait; two where there is none. */
  find(scope: Scope, runner: string, uid: string): Promise<Instance | undefined>;
  /** Several live ones, for placements or what is due: one wait. */
  getMany(scope: Scope, which: readonly InstanceName[]): Promise<readonly Instance[]>;
  /** Live ones first, then ended ones, each newest first; those being deleted are not there. Two waits. */
  list(scope: Scope, runner: string, page?: InstancePageOptions): Promise<Page<ListedInstance>>;
  /** The same of the whole organization, runner by runner; each with its runner. Two waits. */
  listAll(
    scope: Scope,
    page?: InstancePageOptions & { readonly runner?: string | undefined },
  ): Promise<Page<ListedInstance>>;
  /** All live ones of a runner, those being deleted included. */
  listOfRunner(scope: Scope, runner: string): Promise<readonly Instance[]>;
  /** All live ones on a node, those being deleted included: a query and a batch. */
  listOnNode(scope: Scope, node: string): Promise<readonly Instance[]>;
  /**
   * Moves an instance from the row that was read to the one that was decided, in one transaction with all that follows:
   * due time, placement, counters of organization, node and runner, busy, its credential. Undefined if somebody else
   * was faster: read again, decide again.
   */
  transition(scope: Scope, before: Instance, after: Instance, extras?: TransitionExtras): Promise<Instance | undefined>;
}

const nodesOf = (rows: readonly Instance[]): readonly string[] => rows.map(({ node }) => node);

const notFound = (uid: string): Problem => problem('instance.not-found', `There is no instance "${uid}".`);

/** Makes the repository of instances. */
export function instances(link: Link): Instances {
  async function find(scope: Scope, runner: string, uid: string): Promise<Instance | undefined> {
    const { org } = scope;
    const shelves = [keys.instance(org, runner, uid), keys.past(org, runner, uid), keys.deleted(org, runner, uid)];
    // Half of what it costs as of one moment. Rows only go from shelf to shelf in this order: one that moved meanwhile may
    // have been seen twice, and is where it went, or not at all.
    const found = (await within(scope, link.getMany(shelves))).findLast((one) => one !== undefined);
    const row = found ?? (await link.getTogether(shelves)).find((one) => one !== undefined);
    return row && readInstance(row);
  }

  async function readMany(org: string, which: readonly InstanceName[]): Promise<readonly Instance[]> {
    const rows = await link.getMany(which.map(({ runner, uid }) => keys.instance(org, runner, uid)));
    return rows.flatMap((row) => (row ? [readInstance(row)] : []));
  }

  async function readPlaced(org: string, node: string): Promise<readonly Instance[]> {
    const { rows } = await link.query(keys.placements(node));
    return readMany(org, rows.map(placementRow.read));
  }

  return {
    find,
    getMany: (scope, which) => within(scope, readMany(scope.org, which)),
    listOnNode: (scope, node) => within(scope, readPlaced(scope.org, node)),

    async create(scope, instance, write) {
      const made = await createInstance(link, scope, instance, write);
      if (!('replay' in made)) return { created: made, replayed: false };
      const found = await find(scope, instance.runner, made.replay);
      if (!found || found.state === 'deleting' || found.state === 'deleted') throw notFound(made.replay);
      return { created: found, replayed: true };
    },

    replace: (scope, instance, write) => replaceInstance(link, scope, instance, write),

    list: (scope, runner, page = {}) =>
      within(
        scope,
        listInstances(link, scope.org, runner, page, async (rows) => ({
          nodes: await readNodes(link, scope.org, nodesOf(rows)),
          runners: new Map(),
        })),
      ),

    listAll: (scope, { runner, ...page } = {}) =>
      within(
        scope,
        listInstances(link, scope.org, runner, page, async (rows) => {
          const [nodes, runners] = await Promise.all([
            readNodes(link, scope.org, nodesOf(rows)),
            readRunners(
              link,
              scope.org,
              rows.map((row) => row.runner),
            ),
          ]);
          return { nodes, runners };
        }),
      ),

    async listOfRunner(scope, runner) {
      const { rows } = await within(scope, link.query(keys.instances(scope.org, runner)));
      return rows.map(readInstance);
    },

    transition: (scope, before, after, extras = {}) => transition(link, scope, before, after, extras),
  };
}
