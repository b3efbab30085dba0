import { expect, it } from 'vitest';
import { anEnrollment, runnerDraft, type Suite, together } from './world.ts';

/** What must hold of runners on every engine. */
export const runners: Suite = (world) => {
  it('makes a runner, and finds it as it was made', async () => {
    const { table, tenant, clock } = world();
    const { scope, by } = await tenant();
    const draft = { ...runnerDraft(), labels: ['gpu'], credential_expires_at: clock.now + 1000 };

    const { created } = await table.runners.create(scope, draft, { by });

    expect(created).toEqual({ ...draft, instances: 0, busy: 0, version: 1, created_at: clock.now });
    expect(await table.runners.get(scope, draft.uid)).toEqual(created);
    expect(await table.runners.getMany(scope, [draft.uid, draft.uid, 'none'])).toEqual(new Map([[draft.uid, created]]));
  });

  it('is 404 in every other organization', async () => {
    const { table, tenant, runner } = world();
    const [one, other] = [await tenant(), await tenant()];
    const { uid } = await runner(one);
    const { scope, by } = other;
    const missing = { code: 'runner.not-found' };

    await expect(table.runners.get(scope, uid)).rejects.toMatchObject(missing);
    expect(await table.runners.find(scope, uid)).toBeUndefined();
    await expect(table.runners.change(scope, uid, () => ({ name: 'Mine' }), { by })).rejects.toMatchObject(missing);
    await expect(table.runners.remove(scope, uid, { by })).rejects.toMatchObject(missing);
    await expect(table.runners.beginRemoval(scope, uid, { by, due: 0 })).rejects.toMatchObject(missing);
    expect((await table.runners.list(scope)).items).toEqual([]);
  });

  it('changes what is named, by an edit that may take its time, and takes away what is undefined', async () => {
    const { table, tenant, runner, clock } = world();
    const one = await tenant();
    const { uid } = await runner(one, { credential_kind: 'registration', credential_expires_at: clock.now });

    const changed = await table.runners.change(
      one.scope,
      uid,
      async ({ version }) => ({ credential: `sealed for ${version}`, credential_expires_at: undefined }),
      { by: one.by, ifMatch: 1 },
    );

    expect(changed).toMatchObject({ credential: 'sealed for 1', version: 2 });
    expect(changed).not.toHaveProperty('credential_expires_at');
    expect(await table.runners.get(one.scope, uid)).toEqual(changed);
  });

  it('does not move the version for what it counts', async () => {
    const { table, tenant, runner, node, instance } = world();
    const one = await tenant();
    const from = await runner(one);
    await instance(one, from, await node(one));

    expect(await table.runners.get(one.scope, from.uid)).toMatchObject({ instances: 1, busy: 0, version: 1 });
  });

  it('pages stay as they are while runners are added and removed elsewhere in the list', async () => {
    const { table, tenant, runner } = world();
    const one = await tenant();
    const made = [];
    for (let index = 0; index < 6; index += 1) made.push((await runner(one)).uid);
    const first = await table.runners.list(one.scope, { limit: 2 });

    await table.runners.remove(one.scope, made[0] ?? '', { by: one.by });
    const last = (await runner(one)).uid;
    const rest = await table.runners.list(one.scope, { cursor: first.cursor });

    expect(first.items.map(({ uid }) => uid)).toEqual(made.slice(0, 2));
    expect(rest.items.map(({ uid }) => uid)).toEqual([...made.slice(2), last]);
    expect(rest.cursor).toBeUndefined();
  });

  it('gives no cursor to a page after which there is nothing', async () => {
    const { table, tenant, runner } = world();
    const one = await tenant();
    for (let index = 0; index < 4; index += 1) await runner(one);

    const first = await table.runners.list(one.scope, { limit: 2 });
    const second = await table.runners.list(one.scope, { limit: 2, cursor: first.cursor });

    expect(first.cursor).toBeDefined();
    expect(second.items).toHaveLength(2);
    expect(second.cursor).toBeUndefined();
  });

  it('replays a creation once it has had its effect', async () => {
    const { table, tenant } = world();
    const { scope, by } = await tenant();
    const once = { user: by.uid, operation: 'runners.create', key: 'k', hash: 'h' };

    const { won } = await together(20, () => table.runners.create(scope, runnerDraft(), { by, once }));

    expect(new Set(won.map(({ created }) => created.uid)).size).toBe(1);
    expect(won.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await table.runners.list(scope)).items).toHaveLength(1);
  });

  it('names the instances that are in the way of its removal, and says which are on their way out', async () => {
    const { table, tenant, runner, node, instance } = world();
    const one = await tenant();
    const [from, on] = [await runner(one), await node(one)];
    const stays = await instance(one, from, on);
    const goes = await instance(one, from, on);
    await table.instances.transition(one.scope, goes, { ...goes, state: 'deleting', want: 'gone' });

    const removal = table.runners.remove(one.scope, from.uid, { by: one.by });

    await expect(removal).rejects.toMatchObject({ code: 'runner.has-instances' });
    await expect(removal).rejects.toThrow(`rp-${stays.uid}`);
    await expect(removal).rejects.toThrow(`rp-${goes.uid} (being deleted)`);
  });

  it('is gone at once by force to people, and for good once its instances are', async () => {
    const { table, tenant, runner, node, instance, clock } = world();
    const one = await tenant();
    const { scope, by } = one;
    const [from, on] = [await runner(one), await node(one)];
    const there = await instance(one, from, on);

    await table.runners.beginRemoval(scope, from.uid, { by, due: clock.now });

    await expect(table.runners.get(scope, from.uid)).rejects.toMatchObject({ code: 'runner.not-found' });
    expect((await table.runners.find(scope, from.uid))?.deleting_at).toBe(clock.now);
    await expect(instance(one, from, on)).rejects.toMatchObject({ code: 'runner.deleting' });
    expect(await table.runners.finishRemoval(scope, from.uid)).toBe(false);
    const due = (await table.due.list(clock.now)).filter((row) => row.kind === 'runner' && row.uid === from.uid);
    expect(due).toHaveLength(1);

    await table.instances.transition(scope, there, { ...there, state: 'failed', want: 'gone' });
    expect(await table.runners.finishRemoval(scope, from.uid)).toBe(true);
    expect(await table.runners.find(scope, from.uid)).toBeUndefined();
    expect(await table.runners.finishRemoval(scope, from.uid)).toBe(true);
  });

  it('is made up to the limit of its organization', async () => {
    const { table, tenant, plant, clock } = world();
    const { scope, by, org } = await tenant();
    await plant({ pk: `ORG#${org}`, sk: 'COUNT', nodes: 0, runners: 1000, instances: 0 });

    await expect(table.runners.create(scope, runnerDraft(), { by })).rejects.toMatchObject({
      code: 'organization.limit',
    });
    const nodes = await table.nodes.create(
      scope,
      { name: 'N', type: 'Remote', ip_address: null, port: null, max_instances: null, labels: [] },
      { by, enrollment: anEnrollment(clock) },
    );
    expect(nodes.replayed).toBe(false);
  });
};
