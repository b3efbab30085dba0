import { v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { facts } from '#test/node-facts.ts';
import { actor, anEnrollment, aScope, codeHash, nodeDraft, type Suite, together } from './world.ts';

const enrolling = (code_hash: string, token_hash = 'token') => ({
  code_hash,
  token_hash,
  boot_id: 'boot-1',
  poll_seconds: 15,
  facts,
});

/** What must hold of nodes and their agents on every engine. */
export const nodes: Suite = (world) => {
  it('makes a node, which is pending until its agent enrolls', async () => {
    const { table, tenant, clock } = world();
    const { scope, by } = await tenant();
    const write = { by, enrollment: anEnrollment(clock) };

    const { created } = await table.nodes.create(scope, { ...nodeDraft, labels: ['gpu'] }, write);

    expect(created).toMatchObject({ ...nodeDraft, labels: ['gpu'], status: 'active', instances: 0, version: 1 });
    expect(await table.nodes.get(scope, created.uid)).toEqual({ node: created, roster: undefined });
    expect((await table.agents.findAgent(created.uid))?.agent).toEqual({ uid: created.uid, org: scope.org });
  });

  it('lists nodes in order of creation, each with its last sync, in pages that join', async () => {
    const { table, tenant, node, clock } = world();
    const one = await tenant();
    const { scope, by } = one;
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const enrollment = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, { ...nodeDraft, name: `N${index}` }, { by, enrollment });
      // Every other one has synced: its page must find it.
      if (index % 2) await table.agents.enroll(enrolling(enrollment.code_hash));
      made.push(created.uid);
    }
    await node(await tenant());

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await table.nodes.list(scope, { limit: 2, cursor });
      for (const { node, roster } of page.items) {
        expect(roster?.uid).toBe(made.indexOf(node.uid) % 2 ? node.uid : undefined);
        seen.push(node.uid);
      }
      cursor = page.cursor;
    } while (cursor);

    expect(seen).toEqual(made);
    const odd = await table.nodes.list(scope, { limit: 2, keep: ({ roster }) => roster !== undefined });
    expect(odd.items.map(({ node }) => node.uid)).toEqual([made[1], made[3]]);
    const rest = await table.nodes.list(scope, { cursor: odd.cursor, keep: ({ roster }) => roster !== undefined });
    expect(rest.items.map(({ node }) => node.uid)).toEqual([made[5]]);
  });

  it('changes what is named, and moves the version only then', async () => {
    const { table, tenant, node } = world();
    const one = await tenant();
    const { uid } = await node(one);

    const changed = await table.nodes.change(one.scope, uid, () => ({ status: 'inactive', port: null }), {
      by: one.by,
    });

    expect(changed).toMatchObject({ status: 'inactive', port: null, name: 'Node-01', version: 2 });
    expect((await table.nodes.get(one.scope, uid)).node).toEqual(changed);
  });

  it('is 404 in every other organization, and to be changed or removed by none', async () => {
    const { table, tenant, node } = world();
    const [one, other] = [await tenant(), await tenant()];
    const { uid } = await node(one);
    const { scope, by } = other;
    const missing = { code: 'node.not-found' };
    const enrollment = anEnrollment(world().clock);

    await expect(table.nodes.get(scope, uid)).rejects.toMatchObject(missing);
    await expect(table.nodes.change(scope, uid, () => ({ name: 'Mine' }), { by })).rejects.toMatchObject(missing);
    await expect(table.nodes.remove(scope, uid, { by })).rejects.toMatchObject(missing);
    await expect(table.nodes.beginRemoval(scope, uid, { by, due: 0 })).rejects.toMatchObject(missing);
    await expect(table.nodes.renewEnrollment(scope, uid, { by, enrollment })).rejects.toMatchObject(missing);
    expect(await table.nodes.getMany(scope, [uid])).toEqual(new Map());
    expect((await table.nodes.list(scope)).items).toEqual([]);
    expect((await table.agents.findAgent(uid))?.agent.retired_at).toBeUndefined();
    expect((await table.nodes.get(one.scope, uid)).node).toMatchObject({ name: 'Node-01', version: 1 });
  });

  it('replays a creation with the node as it is now', async () => {
    const { table, tenant, clock } = world();
    const { scope, by } = await tenant();
    const once = { user: by.uid, operation: 'nodes.create', key: 'k', hash: 'h' };
    const write = () => ({ by, once, enrollment: anEnrollment(clock) });
    const { created } = await table.nodes.create(scope, nodeDraft, write());
    await table.nodes.change(scope, created.uid, () => ({ name: 'Renamed' }), { by });

    const again = await table.nodes.create(scope, nodeDraft, write());

    expect(again).toMatchObject({ replayed: true, created: { uid: created.uid, name: 'Renamed' } });
    expect((await table.nodes.list(scope)).items).toHaveLength(1);
  });

  it('counts nodes up to the limit, also when many are made at once', async () => {
    const { table, tenant, plant, rows, clock } = world();
    const { scope, by, org } = await tenant();
    await plant({ pk: `ORG#${org}`, sk: 'COUNT', nodes: 995, runners: 0, instances: 0 });

    const { won, refused } = await together(20, () =>
      table.nodes.create(scope, nodeDraft, { by, enrollment: anEnrollment(clock) }),
    );

    expect(won).toHaveLength(5);
    expect(new Set(refused)).toEqual(new Set(['organization.limit']));
    const count = (await rows()).find((row) => row.pk === `ORG#${org}` && row.sk === 'COUNT');
    expect(count?.nodes).toBe(1000);
  });

  describe('enrolling', () => {
    it('turns a code into a token once, of fifty tries at once', async () => {
      const { table, tenant, clock } = world();
      const { scope, by } = await tenant();
      const enrollment = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, nodeDraft, { by, enrollment });

      const { won, refused } = await together(50, (index) =>
        table.agents.enroll(enrolling(enrollment.code_hash, `token-${index}`)),
      );

      expect(won).toHaveLength(1);
      expect(new Set(refused)).toEqual(new Set(['enrollment.refused']));
      expect(won[0]?.node).toMatchObject({ uid: created.uid, name: 'Node-01' });
      expect(won[0]?.scope.org).toBe(scope.org);
      const found = await table.agents.find(created.uid);
      expect(found?.agent).toEqual(won[0]?.agent);
      expect(found?.placements).toEqual([]);
      const { roster } = await table.nodes.get(scope, created.uid);
      expect(roster).toMatchObject({ seen_at: clock.now, boot_id: 'boot-1', poll_seconds: 15, facts });
    });

    it('refuses a code that is unknown or has expired, though its row is still there', async () => {
      const { table, tenant, clock } = world();
      const { scope, by } = await tenant();
      const enrollment = anEnrollment(clock);
      await table.nodes.create(scope, nodeDraft, { by, enrollment });

      await expect(table.agents.enroll(enrolling(codeHash()))).rejects.toMatchObject({ code: 'enrollment.refused' });
      clock.now = enrollment.expires_at + 1000;
      await expect(table.agents.enroll(enrolling(enrollment.code_hash))).rejects.toMatchObject({
        code: 'enrollment.refused',
      });
    });

    it('voids the code before when a new one is made, of ten at once all but one', async () => {
      const { table, tenant, clock } = world();
      const { scope, by } = await tenant();
      const first = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, nodeDraft, { by, enrollment: first });
      const codes = Array.from({ length: 10 }, () => anEnrollment(clock));

      const renewed = await together(10, async (index) => {
        const enrollment = codes[index] ?? first;
        await table.nodes.renewEnrollment(scope, created.uid, { by, enrollment });
      });

      expect(renewed.refused).toEqual([]);
      const { won } = await together(11, (index) => table.agents.enroll(enrolling((codes[index] ?? first).code_hash)));
      expect(won).toHaveLength(1);
      await expect(table.agents.enroll(enrolling(first.code_hash))).rejects.toMatchObject({
        code: 'enrollment.refused',
      });
    });
  });

  describe('syncing', () => {
    it('records a sync and gives the one before; facts stay until there are others', async () => {
      const { table, tenant, clock } = world();
      const { scope, by } = await tenant();
      const enrollment = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, nodeDraft, { by, enrollment });
      const agent = await table.agents.enroll(enrolling(enrollment.code_hash));
      const enrolledAt = clock.now;
      clock.now += 60_000;

      const sync = { poll_seconds: 60, boot_id: 'boot-2', bell: 'mi-1', agent_version: '0.2.0' };
      const before = await table.agents.seen(agent.scope, created.uid, sync);

      expect(before).toMatchObject({ seen_at: enrolledAt, boot_id: 'boot-1', poll_seconds: 15 });
      const { roster } = await table.nodes.get(scope, created.uid);
      expect(roster).toEqual({ uid: created.uid, seen_at: clock.now, ...sync, facts });

      const other = { ...facts, cpus: 16 };
      await table.agents.seen(agent.scope, created.uid, { poll_seconds: 60, boot_id: 'boot-2', facts: other });
      const later = (await table.nodes.get(scope, created.uid)).roster;
      expect(later?.facts?.cpus).toBe(16);
      expect(later?.bell).toBeUndefined();
    });

    it('leaves no trace of a node that was deleted meanwhile', async () => {
      const { table, tenant, clock, rows } = world();
      const { scope, by } = await tenant();
      const enrollment = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, nodeDraft, { by, enrollment });
      const agent = await table.agents.enroll(enrolling(enrollment.code_hash));
      await table.nodes.remove(scope, created.uid, { by });

      const before = await table.agents.seen(agent.scope, created.uid, { poll_seconds: 60, boot_id: 'b' });

      expect(before).toBeUndefined();
      const left = (await rows()).filter(({ sk }) => String(sk).includes(created.uid));
      expect(left).toEqual([]);
    });

    it('knows no agent of an unknown node', async () => {
      const { table } = world();

      expect(await table.agents.find(v7())).toBeUndefined();
      expect(await table.agents.findAgent(v7())).toBeUndefined();
    });
  });

  describe('removing', () => {
    it('removes a node without instances, and retires its agent for thirty days', async () => {
      const { table, tenant, clock } = world();
      const { scope, by } = await tenant();
      const enrollment = anEnrollment(clock);
      const { created } = await table.nodes.create(scope, nodeDraft, { by, enrollment });

      await table.nodes.remove(scope, created.uid, { by });

      await expect(table.nodes.get(scope, created.uid)).rejects.toMatchObject({ code: 'node.not-found' });
      await expect(table.nodes.remove(scope, created.uid, { by })).rejects.toMatchObject({ code: 'node.not-found' });
      await expect(table.agents.enroll(enrolling(enrollment.code_hash))).rejects.toMatchObject({
        code: 'enrollment.refused',
      });
      expect((await table.agents.find(created.uid))?.agent.retired_at).toBe(clock.now);
      clock.now += 30 * 24 * 3600 * 1000 + 1000;
      expect(await table.agents.find(created.uid)).toBeUndefined();
    });

    it('names the instances that are in the way', async () => {
      const { table, tenant, node, runner, instance } = world();
      const one = await tenant();
      const on = await node(one);
      const there = await instance(one, await runner(one), on);

      const removal = table.nodes.remove(one.scope, on.uid, { by: one.by });

      await expect(removal).rejects.toMatchObject({ code: 'node.has-instances' });
      await expect(removal).rejects.toThrow(`rp-${there.uid}`);
    });

    it('by force takes two steps, between which it is 404, due, and not to be placed on', async () => {
      const { table, tenant, node, runner, instance, clock } = world();
      const one = await tenant();
      const { scope, by } = one;
      const on = await node(one);
      const from = await runner(one);
      const there = await instance(one, from, on);

      await table.nodes.beginRemoval(scope, on.uid, { by, due: clock.now + 1000 });

      await expect(table.nodes.get(scope, on.uid)).rejects.toMatchObject({ code: 'node.not-found' });
      expect((await table.nodes.list(scope)).items).toEqual([]);
      expect((await table.agents.find(on.uid))?.agent.retired_at).toBe(clock.now);
      await expect(instance(one, from, on)).rejects.toMatchObject({ code: 'node.not-found' });
      await expect(table.nodes.beginRemoval(scope, on.uid, { by, due: 0 })).rejects.toMatchObject({
        code: 'node.not-found',
      });
      const due = (await table.due.list(clock.now + 1000)).filter((row) => row.kind === 'node' && row.uid === on.uid);
      expect(due).toMatchObject([{ org: one.org, due: clock.now + 1000, scope: { org: one.org } }]);
      expect(await table.nodes.finishRemoval(scope, on.uid)).toBe(false);

      await table.instances.transition(scope, there, { ...there, state: 'deleted', want: 'gone' });
      expect(await table.nodes.finishRemoval(scope, on.uid)).toBe(true);
      expect(await table.nodes.getMany(scope, [on.uid])).toEqual(new Map());
      expect(await table.nodes.finishRemoval(scope, on.uid)).toBe(true);
      expect((await table.due.list(clock.now + 1000)).filter((row) => row.kind === 'node')).toEqual([]);
    });

    it('never loses an instance to a removal at the same time', async () => {
      const { table, tenant, node, runner, instance } = world();
      const one = await tenant();
      const from = await runner(one);
      for (let round = 0; round < 5; round += 1) {
        const on = await node(one);

        const [made, removed] = await Promise.allSettled([
          instance(one, from, on),
          table.nodes.remove(one.scope, on.uid, { by: one.by }),
        ]);

        expect([made.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
      }
    });
  });

  it('writes who did what into the audit trail, newest first', async () => {
    const { table, tenant, node } = world();
    const one = await tenant();
    const { uid } = await node(one);
    const by = actor(one.user.uid);
    await table.nodes.remove(one.scope, uid, { by });

    const { items } = await table.audit.list(aScope(one.org));

    expect(items.map(({ action, target }) => [action, target])).toEqual([
      ['nodes.remove', uid],
      ['nodes.create', uid],
      ['onboarding.create', one.org],
    ]);
    expect(items[0]).toMatchObject({ actor: one.user.uid, request_id: by.request_id });
  });
};
