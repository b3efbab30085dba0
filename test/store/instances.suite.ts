import { v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { request } from '#domain/instance/request.ts';
import { type Instance, placementOf } from '#domain/instance.ts';
import { facts } from '#test/node-facts.ts';
import { type Suite, type Tenant, together, type World } from './world.ts';

const busyJob = { name: 'build', started_at: 1 };

/** What must hold of instances on every engine. */
export const instances: Suite = (world) => {
  async function placed(draft: Parameters<World['node']>[1] = {}) {
    const one = await world().tenant();
    return { one, on: await world().node(one, draft), from: await world().runner(one) };
  }

  const counts = async ({ org, scope }: Tenant, { runner, node }: Pick<Instance, 'runner' | 'node'>) => {
    const { table, rows } = world();
    const row = (await rows()).find(({ pk, sk }) => pk === `ORG#${org}` && sk === 'COUNT');
    const found = await table.runners.find(scope, runner);
    return {
      organization: row?.instances,
      node: (await table.nodes.getMany(scope, [node])).get(node)?.node.instances,
      runner: found?.instances,
      busy: found?.busy,
    };
  };

  const moved = async (one: Tenant, before: Instance, changes: Partial<Instance>): Promise<Instance> => {
    const after = await world().table.instances.transition(one.scope, before, { ...before, ...changes });
    if (!after) throw new Error('Somebody else was faster.');
    return after;
  };

  describe('creating', () => {
    it('puts the instance, its placement, and counts it, all at once', async () => {
      const { table, instance } = world();
      const { one, on, from } = await placed();

      const made = await instance(one, from, on);

      expect(await table.instances.find(one.scope, from.uid, made.uid)).toEqual(made);
      expect((await table.agents.find(on.uid))?.placements).toEqual([placementOf(made)]);
      expect(await counts(one, made)).toEqual({ organization: 1, node: 1, runner: 1, busy: 0 });
      expect(await table.instances.listOnNode(one.scope, on.uid)).toEqual([made]);
      const due = (await table.due.list(Number.MAX_SAFE_INTEGER)).find(
        (row) => row.kind === 'instance' && row.uid === made.uid,
      );
      expect(due).toMatchObject({ in: 'live', org: one.org, runner: from.uid, due: made.due });
    });

    it('gives the last free slot of a node to one of twenty', async () => {
      const { instance } = world();
      const { one, on, from } = await placed({ max_instances: 1 });

      const { won, refused } = await together(20, () => instance(one, from, on));

      expect(won).toHaveLength(1);
      expect(new Set(refused)).toEqual(new Set(['node.full']));
      expect(await counts(one, { runner: from.uid, node: on.uid })).toMatchObject({
        organization: 1,
        node: 1,
        runner: 1,
      });
    });

    it('gives jobs Docker only where the node allows it, at that moment', async () => {
      const { table, instance, runner, node } = world();
      const one = await world().tenant();
      const [on, other] = [await node(one, { allow: ['dind'] }), await node(one)];
      const from = await runner(one, { docker: 'dind' });

      await expect(instance(one, from, other)).rejects.toMatchObject({ code: 'node.not-allowed' });
      expect(placementOf(await instance(one, from, on))).toMatchObject({ docker: 'dind' });
      await table.nodes.change(one.scope, on.uid, () => ({ allow: ['socket'] }), { by: one.by });
      await expect(instance(one, from, on)).rejects.toMatchObject({ code: 'node.not-allowed' });
      expect(await counts(one, { runner: from.uid, node: on.uid })).toMatchObject({ node: 1, runner: 1 });
    });

    it('says what stands in the way: the node, the runner, the limit', async () => {
      const { table, instance, node, runner, plant } = world();
      const { one, on, from } = await placed({ name: 'Idle-01' });
      const ghost = { ...on, uid: v7() };

      await expect(instance(one, from, ghost)).rejects.toMatchObject({ code: 'node.not-found' });
      await expect(instance(one, { ...from, uid: v7() }, on)).rejects.toMatchObject({ code: 'runner.not-found' });
      await table.nodes.change(one.scope, on.uid, () => ({ status: 'inactive' }), { by: one.by });
      await expect(instance(one, from, on)).rejects.toMatchObject({ code: 'node.inactive' });
      await expect(instance(one, from, on)).rejects.toThrow('Idle-01');
      await plant({ pk: `ORG#${one.org}`, sk: 'COUNT', nodes: 1, runners: 1, instances: 10_000 });
      await expect(instance(one, await runner(one), await node(one))).rejects.toMatchObject({
        code: 'organization.limit',
      });
    });

    it('places nothing on another organization’s node, and makes nothing of its runner', async () => {
      const { instance, tenant } = world();
      const { one, on, from } = await placed();
      const other = await placed();

      await expect(instance(one, from, other.on)).rejects.toMatchObject({ code: 'node.not-found' });
      await expect(instance(one, other.from, on)).rejects.toMatchObject({ code: 'runner.not-found' });
      await expect(instance(await tenant(), from, on)).rejects.toMatchObject({ code: 'runner.not-found' });
      expect(await counts(other.one, { runner: other.from.uid, node: other.on.uid })).toMatchObject({
        organization: 0,
      });
    });

    it('replays with the instance as it is now, and is 404 once that is deleted', async () => {
      const { table, clock } = world();
      const { one, on, from } = await placed();
      const once = { user: one.by.uid, operation: 'instances.create', key: 'k', hash: 'h' };
      const create = () =>
        table.instances.create(
          one.scope,
          request({ org: one.org, uid: v7(), runner: from, node: on, facts }, clock.now),
          { by: one.by, once },
        );

      const { won } = await together(20, create);
      const [first] = won;
      const row = await moved(one, first?.created as Instance, { state: 'running' });
      const again = await create();
      await moved(one, row, { state: 'deleting', want: 'gone' });

      expect(new Set(won.map(({ created }) => created.uid)).size).toBe(1);
      expect(again).toEqual({ created: row, replayed: true });
      await expect(create()).rejects.toMatchObject({ code: 'instance.not-found' });
      expect(await counts(one, row)).toMatchObject({ organization: 1, node: 1, runner: 1 });
    });
  });

  describe('a transition', () => {
    it('raises the revision, and is lost by all but one of twenty from the same row', async () => {
      const { table, instance } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);

      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          table.instances.transition(one.scope, made, { ...made, state: 'pulling', attempts: index }),
        ),
      );

      const won = tries.filter((row) => row !== undefined);
      expect(won).toHaveLength(1);
      expect(won[0]?.revision).toBe(made.revision + 1);
      expect(await table.instances.find(one.scope, from.uid, made.uid)).toEqual(won[0]);
    });

    it('counts who is busy, once each way', async () => {
      const { instance } = world();
      const { one, on, from } = await placed();
      const runs = await moved(one, await instance(one, from, on), { state: 'running' });

      const busy = await moved(one, runs, { job: busyJob });
      expect(await counts(one, busy)).toMatchObject({ busy: 1 });
      const still = await moved(one, busy, { job: { ...busyJob, name: 'test' } });
      expect(await counts(one, still)).toMatchObject({ busy: 1 });
      const { job: _, ...idle } = still;
      const after = await world().table.instances.transition(one.scope, still, idle);
      expect(await counts(one, after as Instance)).toMatchObject({ busy: 0 });
    });

    it('takes what is busy off the runner when it ends', async () => {
      const { instance } = world();
      const { one, on, from } = await placed();
      const runs = await moved(one, await instance(one, from, on), { state: 'running', job: busyJob });

      const gone = await moved(one, runs, { state: 'deleted', want: 'gone' });

      expect(await counts(one, gone)).toEqual({ organization: 0, node: 0, runner: 0, busy: 0 });
    });

    it('tells the node what to do with it, and nothing more once it is final', async () => {
      const { table, instance } = world();
      const { one, on, from } = await placed();
      const told = async () => (await table.agents.find(on.uid))?.placements;
      const made = await instance(one, from, on);

      const doomed = await moved(one, made, { state: 'deleting', want: 'gone', generation: made.generation + 1 });
      expect(await told()).toMatchObject([{ uid: made.uid, want: 'gone', generation: made.generation + 1 }]);
      await moved(one, doomed, { state: 'deleted' });
      expect(await told()).toEqual([]);
    });

    it('ends among the past ones, and from there among the deleted ones, counted once', async () => {
      const { table, instance, clock } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const at = clock.now;

      const { due: _, ...rest } = await moved(one, made, { state: 'ended', ended_at: at });
      const stopped = await table.instances.transition(
        one.scope,
        { ...rest },
        { ...rest, state: 'stopped', state_at: at },
      );
      expect(await counts(one, made)).toEqual({ organization: 0, node: 0, runner: 0, busy: 0 });
      expect(await table.instances.find(one.scope, from.uid, made.uid)).toEqual(stopped);
      const deleted = await moved(one, stopped as Instance, { state: 'deleted', want: 'gone' });
      expect(await table.instances.find(one.scope, from.uid, made.uid)).toEqual(deleted);
      expect(await counts(one, made)).toMatchObject({ organization: 0 });

      clock.now += 30 * 24 * 3600 * 1000 + 1000;
      expect(await table.instances.find(one.scope, from.uid, made.uid)).toBeUndefined();
    });

    it('is due as long as its row says so, on whichever shelf', async () => {
      const { table, instance, clock } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const due = async () =>
        (await table.due.list(clock.now + 1e9)).filter((row) => row.kind === 'instance' && row.uid === made.uid);

      const { due: _, ...runs } = { ...made, state: 'running' as const };
      const row = await table.instances.transition(one.scope, made, runs);
      expect(await due()).toEqual([]);
      const past = await moved(one, row as Instance, { state: 'stopped', due: clock.now + 5 });
      expect(await due()).toMatchObject([{ in: 'past', due: clock.now + 5 }]);
      await moved(one, past, { state: 'deleted', due: clock.now + 6 });
      expect(await due()).toMatchObject([{ in: 'deleted', due: clock.now + 6 }]);
    });

    it('stores a claim’s credential with it, and forgets it when the container runs', async () => {
      const { table, instance, clock } = world();
      const { one, on, from } = await placed();
      const claim = { id: 'c1', boot_id: 'b', at: clock.now, lease_until: clock.now, minted: false };
      const claimed = await moved(one, await instance(one, from, on), { state: 'claimed', claim });

      const minted = await table.instances.transition(
        one.scope,
        claimed,
        { ...claimed, claim: { ...claim, minted: true }, attempts: 1 },
        { credential: { sealed: 'sealed', ttlSeconds: 120 } },
      );

      const stored = {
        org: one.org,
        instance: claimed.uid,
        generation: claimed.generation,
        claim: 'c1',
        sealed: 'sealed',
      };
      expect(await table.credentials.find(one.scope, claimed.uid)).toEqual({ ...stored, created_at: clock.now });
      const other = await world().tenant();
      expect(await table.credentials.find(other.scope, claimed.uid)).toBeUndefined();
      const { claim: _, ...started } = { ...(minted as Instance), state: 'started' as const };
      await table.instances.transition(one.scope, minted as Instance, started);
      expect(await table.credentials.find(one.scope, claimed.uid)).toBeUndefined();
    });

    const claimOf = (id: string) => ({ id, boot_id: 'b', at: 0, lease_until: 0, minted: true });

    it('lets a credential expire that nobody used', async () => {
      const { table, instance, clock } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const claimed = { ...made, claim: claimOf('c1') };
      const credential = { sealed: 's', ttlSeconds: 120 };
      await table.instances.transition(one.scope, made, claimed, { credential });
      expect(await table.credentials.find(one.scope, made.uid)).toBeDefined();

      clock.now += 121_000;

      expect(await table.credentials.find(one.scope, made.uid)).toBeUndefined();
    });

    it('leaves no credential of a claim that came too late: the instance has moved on, or a later claim is there', async () => {
      const { table, instance } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const late = { sealed: 'late', ttlSeconds: 120 };
      await moved(one, made, { state: 'pulling' });

      const first = { ...made, claim: claimOf('c1') };
      expect(await table.instances.transition(one.scope, made, first, { credential: late })).toBeUndefined();
      expect(await table.credentials.find(one.scope, made.uid)).toBeUndefined();

      const row = (await table.instances.find(one.scope, from.uid, made.uid)) as Instance;
      const newest = { sealed: 'newest', ttlSeconds: 120 };
      await table.instances.transition(one.scope, row, { ...row, claim: claimOf('c2') }, { credential: newest });
      expect(await table.instances.transition(one.scope, row, first, { credential: late })).toBeUndefined();
      expect(await table.credentials.find(one.scope, made.uid)).toMatchObject({ claim: 'c2', sealed: 'newest' });
    });

    it('stays where it was in the index while that is early enough, and moves once it has been looked at', async () => {
      const { table, instance, clock } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const shown = async (until: number) =>
        (await table.due.list(until))
          .filter((row) => row.kind === 'instance' && row.uid === made.uid)
          .map(({ due }) => due);
      const first = clock.now + 1000;
      const row = await moved(one, made, { due: first });

      const later = await moved(one, row, { state: 'pulling', due: first + 60_000 });
      expect(await shown(first)).toEqual([first]);
      expect(await table.instances.find(one.scope, from.uid, made.uid)).toMatchObject({ due: first + 60_000 });

      clock.now = first;
      const looked = (await table.instances.find(one.scope, from.uid, made.uid)) as Instance;
      expect(looked).toEqual(later);
      const again = await table.instances.transition(one.scope, looked, { ...looked });
      expect(await shown(first)).toEqual([]);
      expect(await shown(first + 60_000)).toEqual([first + 60_000]);

      const sooner = await moved(one, again as Instance, { due: first + 5000 });
      expect(await shown(first + 5000)).toEqual([first + 5000]);
      const { due: _, ...rest } = { ...sooner, state: 'running' as const };
      await table.instances.transition(one.scope, sooner, rest);
      expect(await shown(first + 1e9)).toEqual([]);
    });

    it('writes events and, for a person, the audit trail', async () => {
      const { table, instance, tenant } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const event = { subject: made.uid, code: 'instance.deleting', detail: 'Somebody wants it gone.' };

      await table.instances.transition(
        one.scope,
        made,
        { ...made, state: 'deleting', want: 'gone' },
        { by: one.by, events: [event] },
      );

      expect((await table.events.list(one.scope, made.uid)).items).toMatchObject([event]);
      const other = await tenant();
      expect((await table.events.list(other.scope, made.uid)).items).toEqual([]);
      expect((await table.audit.list(one.scope)).items[0]).toMatchObject({
        action: 'instances.remove',
        target: made.uid,
      });
    });

    it('never brings back what is final, and never moves it to another node', async () => {
      const { table, instance } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const gone = await moved(one, made, { state: 'deleted', want: 'gone' });

      await expect(moved(one, gone, { state: 'running' })).rejects.toMatchObject({ code: 'internal.error' });
      await expect(table.instances.transition(one.scope, made, { ...made, node: v7() })).rejects.toMatchObject({
        code: 'internal.error',
      });
    });
  });

  describe('listing', () => {
    async function many() {
      const { instance } = world();
      const { one, on, from } = await placed();
      const made: Instance[] = [];
      for (let index = 0; index < 8; index += 1) made.push(await instance(one, from, on));
      // Live: 0, 2, 4 · ended: 1, 3, 5 · being deleted: 6 · deleted: 7
      for (const index of [1, 3, 5]) await moved(one, made[index] as Instance, { state: 'failed', want: 'gone' });
      await moved(one, made[6] as Instance, { state: 'deleting', want: 'gone' });
      await moved(one, made[7] as Instance, { state: 'deleted', want: 'gone' });
      const order = [4, 2, 0, 5, 3, 1].map((index) => made[index]?.uid);
      return { one, on, from, order };
    }

    it('shows live ones first, then ended ones, each newest first, in pages of every size', async () => {
      const { table } = world();
      const { one, on, from, order } = await many();

      for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        let pages = 0;
        do {
          const page = await table.instances.list(one.scope, from.uid, { limit, cursor });
          seen.push(...page.items.map(({ instance }) => instance.uid));
          for (const { instance, node } of page.items) {
            expect(node?.node.uid).toBe(instance.state === 'failed' ? undefined : on.uid);
          }
          cursor = page.cursor;
          pages += 1;
        } while (cursor);
        expect(seen).toEqual(order);
        expect(pages).toBe(Math.ceil(order.length / limit));
      }
    });

    it('leaves ended ones out if it is asked to, and others by what they are', async () => {
      const { table } = world();
      const { one, from, order } = await many();

      const live = await table.instances.list(one.scope, from.uid, { live: true });
      const failed = await table.instances.list(one.scope, from.uid, {
        limit: 2,
        keep: ({ instance }) => instance.state === 'failed',
      });

      expect(live.items.map(({ instance }) => instance.uid)).toEqual(order.slice(0, 3));
      expect(live.cursor).toBeUndefined();
      expect(failed.items.map(({ instance }) => instance.uid)).toEqual(order.slice(3, 5));
      expect(failed.cursor).toBeDefined();
    });

    it('knows all live ones of a runner and of a node, those on their way out included', async () => {
      const { table } = world();
      const { one, on, from } = await many();

      expect(await table.instances.listOfRunner(one.scope, from.uid)).toHaveLength(4);
      expect(await table.instances.listOnNode(one.scope, on.uid)).toHaveLength(4);
    });

    it('shows nothing to another organization', async () => {
      const { table, tenant } = world();
      const { from, on, order } = await many();
      const { scope } = await tenant();
      const uid = order[0] ?? '';

      expect((await table.instances.list(scope, from.uid)).items).toEqual([]);
      expect(await table.instances.find(scope, from.uid, uid)).toBeUndefined();
      expect(await table.instances.getMany(scope, [{ runner: from.uid, uid }])).toEqual([]);
      expect(await table.instances.listOnNode(scope, on.uid)).toEqual([]);
      expect(await table.instances.listOfRunner(scope, from.uid)).toEqual([]);
    });

    it('finds an instance under its own runner only', async () => {
      const { table, runner, instance } = world();
      const { one, on, from } = await placed();
      const made = await instance(one, from, on);
      const other = await runner(one);

      expect(await table.instances.find(one.scope, other.uid, made.uid)).toBeUndefined();
      expect(await table.instances.find(one.scope, `${from.uid}#${made.uid}`, '')).toBeUndefined();
    });
  });
};
