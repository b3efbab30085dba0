import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Instance, isBusy, placementOf, shelfOf } from '#domain/instance.ts';
import { readInstance } from '#store/instance-rows.ts';
import type { Row } from '#store/row.ts';
import type { Suite, Tenant, World } from './world.ts';

type Act =
  | { readonly kind: 'addNode'; readonly max: number | null }
  | { readonly kind: 'addRunner' }
  | {
      readonly kind: 'create' | 'removeNode' | 'removeRunner' | 'forceNode' | 'forceRunner';
      readonly a: number;
      readonly b: number;
    }
  | { readonly kind: 'move'; readonly a: number; readonly to: Instance['state']; readonly busy: boolean };

const which = fc.nat(7);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('addNode' as const), max: fc.constantFrom(null, 1, 3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('addRunner' as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('create' as const), a: which, b: which }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      a: which,
      to: fc.constantFrom(
        'pulling',
        'claimed',
        'running',
        'running',
        'ended',
        'deleting',
        'stopped',
        'failed',
        'deleted',
      ),
      busy: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('removeNode', 'removeRunner', 'forceNode', 'forceRunner'),
      a: which,
      b: which,
    }),
  },
);

const goneBy = (state: Instance['state']) => ['deleting', 'deleted', 'failed'].includes(state);

/** Does what it says to some of what there is; refusals are part of life. */
async function perform(world: World, one: Tenant, known: { nodes: string[]; runners: string[] }, act: Act) {
  const { table } = world;
  const { scope, by } = one;
  if (act.kind === 'addNode') return void known.nodes.push((await world.node(one, { max_instances: act.max })).uid);
  if (act.kind === 'addRunner') return void known.runners.push((await world.runner(one)).uid);
  const node = known.nodes[act.a % known.nodes.length] ?? '';
  const runner = known.runners[('b' in act ? act.b : act.a) % known.runners.length] ?? '';
  switch (act.kind) {
    case 'create':
      await world.instance(one, await table.runners.get(scope, runner), (await table.nodes.get(scope, node)).node);
      return;
    case 'removeNode':
      return table.nodes.remove(scope, node, { by });
    case 'removeRunner':
      return table.runners.remove(scope, runner, { by });
    case 'forceNode': {
      await table.nodes.beginRemoval(scope, node, { by, due: world.clock.now });
      for (const row of await table.instances.listOnNode(scope, node)) {
        await table.instances.transition(scope, row, { ...row, state: 'deleted', want: 'gone' });
      }
      await table.nodes.finishRemoval(scope, node);
      return;
    }
    case 'forceRunner':
      await table.runners.beginRemoval(scope, runner, { by, due: world.clock.now });
      await table.runners.finishRemoval(scope, runner);
      return;
    case 'move': {
      const rows = await table.instances.listOfRunner(scope, runner);
      const row = rows[act.a % rows.length];
      if (!row) return;
      const { job: _, ...rest } = row;
      const job = act.to === 'running' && act.busy ? { job: { name: 'build', started_at: 1 } } : {};
      await table.instances.transition(scope, row, {
        ...rest,
        ...job,
        state: act.to,
        want: goneBy(act.to) ? 'gone' : row.want,
      });
    }
  }
}

const own = (rows: readonly Row[], prefix: string) => rows.filter(({ sk }) => sk.startsWith(prefix));
const tally = (of: readonly string[]) =>
  Object.fromEntries([...new Set(of)].sort().map((one) => [one, of.filter((other) => other === one).length]));
const positive = (of: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(of).filter(([, count]) => count !== 0));

/** What must hold of an organization's rows at any time. */
async function inspect(world: World, { org }: Tenant) {
  const all = (await world.rows()) as Row[];
  const rows = all.filter(({ pk }) => pk === `ORG#${org}`);
  const [nodes, runners] = [own(rows, 'NODE#'), own(rows, 'RUNNER#')];
  const live = own(rows, 'INSTANCE#').map(readInstance);
  const ended = [...own(rows, 'PAST#'), ...own(rows, 'DELETED#')].map(readInstance);
  const count = rows.find(({ sk }) => sk === 'COUNT');

  expect(count).toMatchObject({ nodes: nodes.length, runners: runners.length, instances: live.length });
  expect(positive(Object.fromEntries(nodes.map((row) => [row.uid, row.instances])))).toEqual(
    tally(live.map(({ node }) => node)),
  );
  expect(positive(Object.fromEntries(runners.map((row) => [row.uid, row.instances])))).toEqual(
    tally(live.map(({ runner }) => runner)),
  );
  expect(positive(Object.fromEntries(runners.map((row) => [row.uid, row.busy])))).toEqual(
    tally(live.filter(isBusy).map(({ runner }) => runner)),
  );
  for (const row of nodes) {
    if (row.max_instances !== null) expect(row.instances).toBeLessThanOrEqual(Number(row.max_instances));
  }

  // Each live one has its placement, as its row says; nothing else has one; nobody is on two shelves.
  const placements = all.filter(({ pk, sk }) =>
    live.concat(ended).some(({ node, uid }) => pk === `NODE#${node}` && sk === `INSTANCE#${uid}`),
  );
  expect(placements).toHaveLength(live.length);
  for (const row of live) {
    expect(placements.find(({ uid }) => uid === row.uid)).toMatchObject({ ...placementOf(row) });
    expect(shelfOf(row)).toBe('live');
  }
  const uids = [...live, ...ended].map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const { uid } of nodes) expect(all.some(({ pk, sk }) => pk === `NODE#${uid}` && sk === 'AGENT')).toBe(true);
}

/** Whatever is done, in whatever order and however much at once, the rows agree with each other. */
export const model: Suite = (world) => {
  it('counts what a recount counts, after anything done in any order, several things at once', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(act, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 12 }),
        async (waves) => {
          const one = await world().tenant();
          const known = { nodes: [] as string[], runners: [] as string[] };
          for (const first of ['addNode', 'addRunner'] as const) {
            await perform(world(), one, known, first === 'addNode' ? { kind: first, max: null } : { kind: first });
          }
          for (const wave of waves) {
            const results = await Promise.allSettled(wave.map((act) => perform(world(), one, known, act)));
            for (const result of results) {
              if (result.status === 'rejected')
                expect(result.reason).toMatchObject({ status: expect.toSatisfy((s) => s < 500) });
            }
          }
          await inspect(world(), one);
        },
      ),
      { numRuns: 20 },
    );
  });
};
