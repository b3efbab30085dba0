import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { actor, aScope, type Suite, scopeOf, together } from './world.ts';

const shortName = () => `o${randomBytes(6).toString('hex')}`;

/** What must hold of organizations on every engine. */
export const organizations: Suite = (world) => {
  const draft = (short_name = shortName()) => ({ short_name, name: 'Gigatech', type: 'organization' as const });

  it('makes an organization whose creator is its owner', async () => {
    const { table, user, clock } = world();
    const { uid } = await user();
    const { created, replayed } = await table.organizations.create(draft('GT'), { by: actor(uid), onboarding: true });

    expect(replayed).toBe(false);
    expect(created).toEqual({
      short_name: 'GT',
      name: 'Gigatech',
      type: 'organization',
      version: 1,
      created_at: clock.now,
    });
    expect(await table.organizations.get(aScope('gt'))).toEqual(created);
    const { user: found, member } = await table.members.check(uid, 'Gt');
    expect(found).toMatchObject({ uid, token_version: 1, onboarded_at: clock.now });
    expect(member).toEqual({ org: 'gt', uid, role: 'owner', created_at: clock.now });
  });

  it('gives a short name to one of a hundred who want it at once, in whatever case', async () => {
    const { table, user, rows } = world();
    const name = shortName();
    const users = await Promise.all(Array.from({ length: 100 }, () => user()));

    const { won, refused } = await together(100, (index) =>
      table.organizations.create(draft(index % 2 ? name : name.toUpperCase()), {
        by: actor(users[index]?.uid ?? ''),
        onboarding: false,
      }),
    );

    expect(won).toHaveLength(1);
    expect(new Set(refused)).toEqual(new Set(['organization.taken']));
    const members = (await rows()).filter((row) => row.pk === `ORG#${name}` && String(row.sk).startsWith('MEMBER#'));
    expect(members).toHaveLength(1);
  });

  it('onboards a user once, of fifty tries at once', async () => {
    const { table, user } = world();
    const { uid } = await user();

    const { won, refused } = await together(50, () =>
      table.organizations.create(draft(), { by: actor(uid), onboarding: true }),
    );

    expect(won).toHaveLength(1);
    expect(new Set(refused)).toEqual(new Set(['onboarding.done']));
    expect((await table.organizations.listOf(uid)).items).toHaveLength(1);
  });

  it('does not onboard who has made an organization otherwise, but lets them make more', async () => {
    const { table, user } = world();
    const by = actor((await user()).uid);
    await table.organizations.create(draft(), { by, onboarding: false });

    await expect(table.organizations.create(draft(), { by, onboarding: true })).rejects.toMatchObject({
      code: 'onboarding.done',
    });
    await table.organizations.create(draft(), { by, onboarding: false });
    expect((await table.organizations.listOf(by.uid)).items).toHaveLength(2);
  });

  it('lists the organizations of a user with their role, in pages that join without gap or repetition', async () => {
    const { table, user } = world();
    const by = actor((await user()).uid);
    const names = Array.from({ length: 7 }, () => shortName()).sort();
    for (const name of names) await table.organizations.create(draft(name), { by, onboarding: false });

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await table.organizations.listOf(by.uid, { limit: 3, cursor });
      seen.push(...page.items.map(({ organization }) => organization.short_name));
      expect(page.items.every(({ role }) => role === 'owner')).toBe(true);
      cursor = page.cursor;
    } while (cursor);

    expect(seen).toEqual(names);
  });

  describe('changing', () => {
    it('changes the name, moves the version, and refuses a stale one', async () => {
      const { table, tenant } = world();
      const { scope, by } = await tenant();

      const changed = await table.organizations.change(scope, () => ({ name: 'Next' }), { by, ifMatch: 1 });

      expect(changed).toMatchObject({ name: 'Next', version: 2 });
      expect(await table.organizations.get(scope)).toEqual(changed);
      await expect(
        table.organizations.change(scope, () => ({ name: 'Late' }), { by, ifMatch: 1 }),
      ).rejects.toMatchObject({ code: 'version.stale' });
    });

    it('writes nothing where nothing changes', async () => {
      const { table, tenant } = world();
      const { scope, by } = await tenant();

      const same = await table.organizations.change(scope, ({ name }) => ({ name }), { by });

      expect(same.version).toBe(1);
      expect((await table.audit.list(scope)).items.map(({ action }) => action)).toEqual(['onboarding.create']);
    });

    it('loses no change of ten at once', async () => {
      const { table, tenant } = world();
      const { scope, by } = await tenant();

      await Promise.all(
        Array.from({ length: 10 }, () =>
          table.organizations.change(scope, ({ name }) => ({ name: `${name}+` }), { by }),
        ),
      );

      expect(await table.organizations.get(scope)).toMatchObject({ name: `Gigatech${'+'.repeat(10)}`, version: 11 });
    });
  });

  describe('idempotency', () => {
    const once = (user: string, hash = 'h1') => ({ user, operation: 'organizations.create', key: 'k', hash });

    it('has its effect once for the same request, also among fifty at once', async () => {
      const { table, user } = world();
      const { uid } = await user();
      const name = shortName();

      const { won } = await together(50, () =>
        table.organizations.create(draft(name), { by: actor(uid), onboarding: true, once: once(uid) }),
      );

      expect(won).toHaveLength(50);
      expect(won.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(new Set(won.map(({ created }) => created.short_name))).toEqual(new Set([name]));
      expect(await table.idempotency.find(once(uid))).toBe(name);
    });

    it('refuses the same key for another request', async () => {
      const { table, user } = world();
      const { uid } = await user();
      const by = actor(uid);
      await table.organizations.create(draft(), { by, onboarding: false, once: once(uid) });

      const other = table.organizations.create(draft(), { by, onboarding: false, once: once(uid, 'h2') });

      await expect(other).rejects.toMatchObject({ code: 'idempotency.mismatch' });
      await expect(table.idempotency.find(once(uid, 'h2'))).rejects.toMatchObject({ code: 'idempotency.mismatch' });
    });

    it('forgets a key after a day, though its row is still there', async () => {
      const { table, user, clock } = world();
      const { uid } = await user();
      const by = actor(uid);
      await table.organizations.create(draft(), { by, onboarding: false, once: once(uid) });

      clock.now += 24 * 3600 * 1000 + 1000;

      expect(await table.idempotency.find(once(uid))).toBeUndefined();
      const again = await table.organizations.create(draft(), { by, onboarding: false, once: once(uid, 'h2') });
      expect(again.replayed).toBe(false);
    });

    it('keeps the keys of users apart', async () => {
      const { table, user } = world();
      const [one, other] = [(await user()).uid, (await user()).uid];
      await table.organizations.create(draft(), { by: actor(one), onboarding: false, once: once(one) });

      expect(await table.idempotency.find(once(other))).toBeUndefined();
    });
  });

  describe('members', () => {
    it('are checked anew each time: a changed role and a removal count at once', async () => {
      const { table, tenant, user } = world();
      const { scope, by, org } = await tenant();
      const { uid } = await user();

      await table.members.put(scope, uid, 'viewer', { by });
      const viewer = await table.members.check(uid, org);
      await table.members.put(scope, uid, 'admin', { by });
      const admin = await table.members.check(uid, org);
      await table.members.remove(scope, uid, { by });
      const none = await table.members.check(uid, org);

      expect([viewer.member?.role, admin.member?.role, none.member?.role]).toEqual(['viewer', 'admin', undefined]);
      expect((await table.organizations.listOf(uid)).items).toEqual([]);
      expect(none.user?.onboarded_at).toBeDefined();
    });

    it('are nobody in an organization that is not there', async () => {
      const { table, user } = world();
      const { uid } = await user();

      expect(await table.members.check(uid, shortName())).toMatchObject({ user: { uid }, member: undefined });
      expect(await table.members.check('nobody', shortName())).toEqual({ user: undefined, member: undefined });
    });
  });

  it('lets go of nothing to who is no member, and tells the membership’s error before any other', async () => {
    const { table, tenant } = world();
    const { org } = await tenant();
    const refused = new Error('not a member');
    const stranger = (name: string) => scopeOf(name, Promise.reject(refused));

    await expect(table.organizations.get(stranger(org))).rejects.toBe(refused);
    await expect(table.organizations.get(stranger(shortName()))).rejects.toBe(refused);
    await expect(table.organizations.change(stranger(org), () => ({ name: 'Mine' }), { by: actor('x') })).rejects.toBe(
      refused,
    );
    expect((await table.organizations.get(aScope(org))).name).toBe('Gigatech');
  });
};
