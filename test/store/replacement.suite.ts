import { v7 } from 'uuid';
import { expect, it } from 'vitest';
import { end, fail } from '#domain/instance/change.ts';
import { request } from '#domain/instance/request.ts';
import { keeper } from '#domain/replacement.ts';
import { type Suite, together } from './world.ts';

const minute = 60_000;
const by = { uid: keeper, request_id: 'replacement' };

/** What must hold of a number of instances that is kept alive, on every engine. */
export const replacement: Suite = (world) => {
  async function keeping(desired_instances: number) {
    const { table, tenant, runner, node, clock } = world();
    const one = await tenant();
    const on = await node(one);
    const of = await runner(one, { desired_instances });
    const draft = (probe = false) =>
      request({ org: one.org, uid: v7(), runner: of, node: on, by: keeper, probe }, clock.now);
    const replace = (probe?: boolean) => table.instances.replace(one.scope, draft(probe), { by });
    const now = () => table.runners.get(one.scope, of.uid);
    const hold = (until: number) => table.runners.hold(one.scope, of.uid, until);
    const change = (desired: number) =>
      table.runners.change(one.scope, of.uid, () => ({ desired_instances: desired }), { by: one.by });
    return { one, of, on, draft, replace, now, hold, change, ...world() };
  }

  it('makes no more than are desired, however many make some at once', async () => {
    const { replace, now } = await keeping(3);

    const { won, refused } = await together(20, () => replace());

    expect(refused).toEqual([]);
    expect(won.filter((made) => made !== undefined)).toHaveLength(3);
    expect(await now()).toMatchObject({ alive: 3, instances: 3 });
  });

  it('makes none of a runner that keeps none, nor before those from before are counted', async () => {
    const { one, on, of, replace, change, table, instance, now } = await keeping(0);
    expect(await replace()).toBeUndefined();
    const before = await instance(one, of, on);

    await change(2);
    expect(await now()).toMatchObject({ uncounted: true, alive: 0 });
    expect(await replace()).toBeUndefined();
    await table.instances.transition(one.scope, before, { ...before, kept: true });
    const held = (await table.runners.hold(one.scope, of.uid, world().clock.now + minute))?.uid;
    expect(held).toBe(of.uid);
    await table.runners.counted(one.scope, of.uid, world().clock.now + minute);

    expect(await now()).toMatchObject({ alive: 1 });
    expect([await replace(), await replace()].map((made) => made !== undefined)).toEqual([true, false]);
  });

  it('makes one after a failure, and not another one beside it', async () => {
    const { replace, now } = await keeping(3);

    const { won } = await together(5, () => replace(true));

    const made = won.filter((one) => one !== undefined);
    expect(made).toHaveLength(1);
    expect(await now()).toMatchObject({ alive: 1, probe: made[0]?.uid });
  });

  it('refuses what somebody makes in the belief that nobody keeps any: it would not be counted', async () => {
    const { one, of, on, table, clock, change, now } = await keeping(0);
    const believed = request({ org: one.org, uid: v7(), runner: of, node: on }, clock.now);
    await change(1);

    const made = table.instances.create(one.scope, believed, { by: one.by });

    await expect(made).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(await now()).toMatchObject({ instances: 0 });
    const known = request({ org: one.org, uid: v7(), runner: await now(), node: on }, clock.now);
    await table.instances.create(one.scope, known, { by: one.by });
    expect(await now()).toMatchObject({ instances: 1, alive: 1 });
  });

  it('is held by one at a time, until what happens meanwhile makes it due', async () => {
    const { one, of, hold, replace, table, clock, now } = await keeping(2);
    const { won } = await together(10, (index) => hold(clock.now + minute + index));
    expect(won.filter((runner) => runner !== undefined)).toHaveLength(1);
    const until = Number((await world().rows()).find(({ sk }) => sk === `RUNNER#${of.uid}`)?.due);

    const made = await replace();
    if (!made) throw new Error('None was made.');
    const why = { code: 'image_not_found', detail: 'There is none.' };
    await table.instances.transition(one.scope, made, fail(made, clock.now, why, undefined));
    const settled = { replacement: undefined, due: undefined };
    expect(await table.runners.release(one.scope, of.uid, until, settled)).toBe(false);
    expect(await now()).toMatchObject({ alive: 0, failed: { code: 'image_not_found', created_at: made.created_at } });

    const again = clock.now + minute + 7;
    expect(await hold(again)).toMatchObject({ alive: 0, failed: { code: 'image_not_found' } });
    expect(await table.runners.release(one.scope, of.uid, again, settled)).toBe(true);
    expect(await now()).not.toHaveProperty('failed');
    clock.now += 10 * minute;
    expect(await hold(clock.now)).toBeUndefined();
  });

  it('does not hold what is being deleted, and wakes nothing where nobody keeps any', async () => {
    const { one, of, table, hold, clock, replace } = await keeping(1);
    await table.runners.beginRemoval(one.scope, of.uid, { by: one.by, due: clock.now });
    expect(await hold(clock.now + minute)).toBeUndefined();
    await expect(replace()).rejects.toMatchObject({ code: 'runner.deleting' });

    const other = await keeping(0);
    const row = await other.instance(other.one, other.of, other.on);
    await table.instances.transition(other.one.scope, row, end(row, clock.now, { code: 'exited', detail: '' }, {}));
    expect((await world().rows()).find(({ sk }) => sk === `RUNNER#${other.of.uid}`)).not.toHaveProperty('due');
  });

  it('is tried at once and afresh when somebody changes the runner', async () => {
    const { one, of, table, hold, clock, change, now } = await keeping(1);
    const until = clock.now + minute;
    await hold(until);
    const replacement = { failures: 3, not_before: until };
    await table.runners.release(one.scope, of.uid, until, { replacement, due: until });
    expect(await now()).toMatchObject({ replacement, version: 1 });

    await change(2);

    expect(await now()).not.toHaveProperty('replacement');
    expect(await hold(clock.now + minute)).toMatchObject({ desired_instances: 2, version: 2 });
  });
};
