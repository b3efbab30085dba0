import { expect, it } from 'vitest';
import { organizationLimits } from '#domain/organization.ts';
import { keys } from '#store/keys.ts';
import { type Suite, together } from './world.ts';

const login = { username: 'bot', password: 'sealed' };
const made = { make: async () => login, change: async () => login };

/** What must hold of registries on every engine. */
export const registries: Suite = (world) => {
  it('keeps a login, changes what is named, and lets the rest be', async () => {
    const { table, tenant, clock } = world();
    const { scope, by } = await tenant();

    const first = await table.registries.put(scope, 'ghcr.io', made, { by });
    clock.now += 1000;
    const same = await table.registries.put(scope, 'ghcr.io', { ...made, change: async () => ({}) }, { by });
    const other = { ...made, change: async () => ({ password: 'anew' }) };
    const second = await table.registries.put(scope, 'ghcr.io', other, { by, ifMatch: 1 });

    expect(first).toMatchObject({ host: 'ghcr.io', ...login, version: 1, changed_at: clock.now - 1000 });
    expect(same).toEqual(first);
    expect(second).toEqual({ ...first, password: 'anew', version: 2, changed_at: clock.now });
    expect(await table.registries.get(scope, 'ghcr.io')).toEqual(second);
    expect((await table.audit.list(scope)).items.slice(0, 2)).toMatchObject([
      { action: 'registries.put', target: 'ghcr.io' },
      { action: 'registries.put', target: 'ghcr.io' },
    ]);
  });

  it('is changed by nobody who has seen another version of it', async () => {
    const { table, tenant } = world();
    const { scope, by } = await tenant();
    const stale = { code: 'version.stale' };

    await expect(table.registries.put(scope, 'ghcr.io', made, { by, ifMatch: 1 })).rejects.toMatchObject(stale);
    await table.registries.put(scope, 'ghcr.io', made, { by });
    await expect(table.registries.put(scope, 'ghcr.io', made, { by, ifMatch: 2 })).rejects.toMatchObject(stale);
  });

  it('is 404 in every other organization, and once it is gone', async () => {
    const { table, tenant } = world();
    const [one, other] = [await tenant(), await tenant()];
    const missing = { code: 'registry.not-found' };
    await table.registries.put(one.scope, 'ghcr.io', made, { by: one.by });

    await expect(table.registries.get(other.scope, 'ghcr.io')).rejects.toMatchObject(missing);
    await expect(table.registries.remove(other.scope, 'ghcr.io', other)).rejects.toMatchObject(missing);
    expect((await table.registries.list(other.scope)).items).toEqual([]);
    await table.registries.remove(one.scope, 'ghcr.io', one);
    await expect(table.registries.remove(one.scope, 'ghcr.io', one)).rejects.toMatchObject(missing);
    expect(await table.registries.find(one.scope, 'ghcr.io')).toBeUndefined();
  });

  it('leads from page to page by hosts with ports', async () => {
    const { table, tenant } = world();
    const { scope, by } = await tenant();
    const hosts = ['[::1]:5000', 'docker.io', 'ghcr.io', 'localhost:5000'];
    for (const host of hosts) await table.registries.put(scope, host, made, { by });

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await table.registries.list(scope, { limit: 1, cursor });
      seen.push(...page.items.map(({ host }) => host));
      cursor = page.cursor;
    } while (cursor);

    expect(seen).toEqual(hosts);
  });

  it('put by many at once is there once; there are no more than the limit', async () => {
    const { table, tenant, plant, rows } = world();
    const { scope, by, org } = await tenant();
    const counters = async () => (await rows()).find(({ pk, sk }) => pk === `ORG#${org}` && sk === 'COUNT') ?? {};

    const all = await together(8, () => table.registries.put(scope, 'ghcr.io', made, { by }));
    expect(all.won).toHaveLength(8);
    expect(await counters()).toMatchObject({ registries: 1 });

    await plant({ ...(await counters()), ...keys.counters(org), registries: organizationLimits.registries });
    await expect(table.registries.put(scope, 'one.more', made, { by })).rejects.toMatchObject({
      code: 'organization.limit',
    });
  });
};
