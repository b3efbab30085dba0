import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from '#domain/instance/accept.ts';
import { end } from '#domain/instance/change.ts';
import { claim, minted } from '#domain/instance/claim.ts';
import { eventsOf } from '#domain/instance/events.ts';
import type { Observed } from '#domain/instance/observation.ts';
import { remove } from '#domain/instance/remove.ts';
import { request } from '#domain/instance/request.ts';
import type { Instance } from '#domain/instance.ts';
import { keeper } from '#domain/replacement.ts';
import { facts } from '#test/node-facts.ts';
import { type Counting, counting } from './counting.ts';
import { clientOf, createTable, dynoxide, type Engine } from './engines.ts';
import { anEnrollment, nodeDraft, runnerDraft, type Tenant, type World, worldOn } from './world.ts';

describe('what the table costs', () => {
  let engine: Engine;
  let counted: Counting;
  let world: World;
  let one: Tenant;

  beforeAll(async () => {
    engine = await dynoxide.start();
    counted = counting(clientOf(engine));
    await createTable(counted.client, 'runner-pilot');
    world = worldOn(counted.client, 'runner-pilot');
    one = await world.tenant();
  });
  afterAll(async () => {
    counted.client.destroy();
    await engine[Symbol.asyncDispose]();
  });

  const cost = async (work: () => Promise<unknown>) => (await counted.cost(work)).cost;

  it('is counted in waits: what goes out together is one', async () => {
    const { users } = world.table;

    expect(await cost(() => Promise.all([users.find('a'), users.find('b')]))).toMatchObject({ waits: 1, requests: 2 });
    expect(await cost(() => users.find('a').then(() => users.find('b')))).toMatchObject({ waits: 2, requests: 2 });
  });

  it('is one read, or two where the answer lies one step further', async () => {
    const { table } = world;
    const from = await world.runner(one);
    const made = await world.instance(one, from, await world.node(one));
    const { scope } = one;

    expect({
      login: await cost(() => table.users.findLogin('x')),
      membership: await cost(() => table.members.check(one.user.uid, one.org)),
      organization: await cost(() => table.organizations.get(scope)),
      organizations: await cost(() => table.organizations.listOf(one.user.uid)),
      node: await cost(() => table.nodes.get(scope, made.node)),
      nodes: await cost(() => table.nodes.list(scope)),
      runner: await cost(() => table.runners.get(scope, from.uid)),
      runners: await cost(() => table.runners.list(scope)),
      newestRunners: await cost(() => table.runners.listNewest(scope, 100)),
      registry: await cost(() => table.registries.find(scope, 'ghcr.io')),
      registries: await cost(() => table.registries.list(scope)),
      instance: await cost(() => table.instances.find(scope, from.uid, made.uid)),
      instances: await cost(() => table.instances.list(scope, from.uid)),
      allInstances: await cost(() => table.instances.listAll(scope)),
      events: await cost(() => table.events.list(scope, made.uid)),
      nodeIsKnown: await cost(() => table.nodes.assertKnown(scope, made.node)),
      placedOnNode: await cost(() => table.instances.listOnNode(scope, made.node)),
      due: await cost(() => table.due.list(Number.MAX_SAFE_INTEGER)),
    }).toMatchObject({
      login: { waits: 1 },
      membership: { waits: 1, requests: 1, rcu: 2 },
      organization: { waits: 1, rcu: 1 },
      organizations: { waits: 2, requests: 2 },
      node: { waits: 1, requests: 1 },
      nodes: { waits: 1, requests: 2 },
      runner: { waits: 1, rcu: 1 },
      runners: { waits: 1, requests: 1 },
      newestRunners: { waits: 1, requests: 1 },
      registry: { waits: 1, rcu: 1 },
      registries: { waits: 1, requests: 1 },
      instance: { waits: 1, requests: 1 },
      instances: { waits: 2, requests: 3 },
      allInstances: { waits: 2, requests: 4 },
      events: { waits: 1, requests: 1 },
      nodeIsKnown: { waits: 1, requests: 1 },
      placedOnNode: { waits: 2, requests: 2 },
      due: { waits: 1, requests: 1 },
    });
  });

  it('is one read and one transaction for a change, and one transaction for a creation', async () => {
    const { table, clock } = world;
    const { scope, by } = one;
    const node = await world.node(one);
    const { uid } = await world.runner(one);
    const change = { waits: 2, commands: ['GetItem', 'TransactWriteItems'] };
    const once = { waits: 1, commands: ['TransactWriteItems'] };

    expect({
      register: await cost(() => world.user()),
      createNode: await cost(() => table.nodes.create(scope, nodeDraft, { by, enrollment: anEnrollment(clock) })),
      createRunner: await cost(() => table.runners.create(scope, runnerDraft(), { by })),
      changeNode: await cost(() => table.nodes.change(scope, node.uid, () => ({ name: 'X' }), { by })),
      changeRunner: await cost(() => table.runners.change(scope, uid, () => ({ name: 'X' }), { by })),
      renew: await cost(() => table.nodes.renewEnrollment(scope, node.uid, { by, enrollment: anEnrollment(clock) })),
      removeNode: await cost(() => table.nodes.remove(scope, node.uid, { by })),
      removeRunner: await cost(() => table.runners.remove(scope, uid, { by })),
    }).toMatchObject({
      register: once,
      createNode: once,
      createRunner: once,
      changeNode: change,
      changeRunner: change,
      renew: { waits: 2, commands: ['BatchGetItem', 'TransactWriteItems'] },
      removeNode: change,
      removeRunner: once,
    });
  });

  it('is one query and one small write for a sync without news', async () => {
    const { table, clock } = world;
    const enrollment = anEnrollment(clock);
    const { created } = await table.nodes.create(one.scope, nodeDraft, { by: one.by, enrollment });
    const { scope } = await table.agents.enroll({
      code_hash: enrollment.code_hash,
      token_hash: 't',
      boot_id: 'b',
      poll_seconds: 60,
      facts,
    });

    const read = await cost(() => table.agents.find(created.uid));
    const write = await cost(() => table.agents.seen(scope, created.uid, { poll_seconds: 60, boot_id: 'b' }));

    expect(read).toMatchObject({ waits: 1, requests: 1, rcu: 1 });
    expect(write).toMatchObject({ waits: 1, requests: 1, wcu: 1, rcu: 0 });
  });

  it('keeps under a kilobyte what every creation touches', async () => {
    await world.instance(one, await world.runner(one), await world.node(one));

    const touched = (await world.rows()).filter(({ row_type }) =>
      ['node', 'runner', 'counters', 'roster', 'instance', 'placement'].includes(String(row_type)),
    );

    expect(touched.length).toBeGreaterThan(5);
    for (const row of touched) expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(1024);
  });

  it('is 61 units written for an instance’s whole life: pull, one job, deletion', async () => {
    const { table, clock } = world;
    const [from, on] = [await world.runner(one), await world.node(one)];
    const { scope, by } = one;
    const at = () => ({ now: clock.now, random: () => 0.5 });
    let seq = 0;
    let row: Instance;
    const spent: Record<string, number> = {};
    const step = async (name: string, work: () => Promise<Instance | undefined>) => {
      clock.now += 1000;
      const { result, cost } = await counted.cost(work);
      if (!result) throw new Error(`${name} was lost.`);
      spent[name] = cost.wcu;
      row = result;
    };
    const move = (name: string, next: (row: Instance) => Instance, extras = {}) =>
      step(name, () => {
        const after = next(row);
        return table.instances.transition(scope, row, after, { ...extras, events: eventsOf(row, after) });
      });
    const report = (state: Observed['state'], more: Partial<Observed> = {}) =>
      move(state, (row) => {
        seq += 1;
        return accept(row, { generation: row.generation, seq, state, at: clock.now, ...more }, at());
      });

    await step('create', async () => {
      const wanted = request({ org: one.org, uid: v7(), runner: from, node: on, facts }, clock.now);
      const once = { user: one.by.uid, operation: 'instances.create', key: v7(), hash: 'h' };
      return (await table.instances.create(scope, wanted, { by, once })).created;
    });
    await report('pulling');
    await move('claim', (row) => {
      const verdict = claim(row, { generation: row.generation, boot_id: v7(), id: v7() }, clock.now);
      if ('refused' in verdict) throw new Error(verdict.detail);
      return verdict.granted;
    });
    await move('mint', (row) => minted(row, clock.now, { fresh: true }), {
      credential: { sealed: 'x'.repeat(4000), ttlSeconds: 120 },
    });
    await report('running');
    await report('listening');
    await report('busy', { job: 'build' });
    await report('exited', { exit_code: 0 });
    await report('gone');
    await move(
      'delete',
      (row) => {
        const verdict = remove(row, { force: false, connection: 'online' }, clock.now);
        if ('busy' in verdict) throw new Error('busy');
        return verdict.row;
      },
      { by },
    );

    // Two of creation's are the Idempotency-Key's; five each of mint's and running's are the credential's (4 KB).
    expect(spent).toEqual({
      create: 15,
      pulling: 1,
      claim: 1,
      mint: 6,
      running: 6,
      listening: 2,
      busy: 4,
      exited: 7,
      gone: 13,
      delete: 6,
    });
  });

  it('is five units written for a look at a number that is kept, and thirteen for what replaces an instance', async () => {
    const { table, clock } = world;
    const of = await world.runner(one, { desired_instances: 1 });
    const on = await world.node(one);
    const { scope } = one;
    const by = { uid: keeper, request_id: 'replacement' };
    const replace = () =>
      table.instances.replace(
        scope,
        request({ org: one.org, uid: v7(), runner: of, node: on, by: keeper }, clock.now),
        {
          by,
        },
      );
    const first = await replace();
    if (!first) throw new Error('None was made.');
    const held = clock.now + 60_000;
    await table.runners.hold(scope, of.uid, held);
    await table.runners.release(scope, of.uid, held, { replacement: undefined, due: undefined });
    const job = { name: 'build', started_at: clock.now };
    const busy = await table.instances.transition(scope, first, { ...first, state: 'running', job });
    if (!busy) throw new Error('It was lost.');

    const why = { code: 'job_completed', detail: 'The runner did its job and ended.' };
    const exited = await cost(() => table.instances.transition(scope, busy, end(busy, clock.now, why, {})));
    const hold = await cost(() => table.runners.hold(scope, of.uid, held + 1));
    const replaced = await cost(replace);
    const settled = { replacement: undefined, due: undefined };
    const release = await cost(() => table.runners.release(scope, of.uid, held + 1, settled));

    expect([hold, replaced, release].map(({ waits, wcu }) => [waits, wcu])).toEqual([
      [1, 3],
      [1, 13],
      [1, 2],
    ]);
    // As without: its runner is written anyway, when a job is over.
    expect(exited.wcu).toBe(7);
  });

  it('is the same for a page of fifty at the first and the last of many, at most 14 units', {
    timeout: 120_000,
  }, async () => {
    const { table } = world;
    const tenant = await world.tenant();
    const [from, on] = [await world.runner(tenant), await world.node(tenant)];
    const model = await world.instance(tenant, from, on);
    const count = 1500;
    const planted = Array.from({ length: count }, () => ({
      ...model,
      uid: v7(),
      state: 'stopped' as const,
      want: 'gone' as const,
    }));
    await world.plantMany(
      planted.map((row) => ({
        ...row,
        pk: `ORG#${tenant.org}`,
        sk: `PAST#${from.uid}#${row.uid}`,
        row_type: 'instance',
        schema_version: 1,
      })),
    );
    for (let index = 0; index < 60; index += 1) await world.node(tenant);

    let cursor: string | undefined;
    const costs: number[] = [];
    do {
      const { result, cost } = await counted.cost(() =>
        table.instances.list(tenant.scope, from.uid, { limit: 50, cursor }),
      );
      costs.push(cost.rcu);
      cursor = result.cursor;
    } while (cursor);
    const live = await cost(() => table.instances.list(tenant.scope, from.uid, { limit: 50, live: true }));
    const nodes = await cost(() => table.nodes.list(tenant.scope, { limit: 50 }));
    const runners = await cost(() => table.runners.list(tenant.scope, { limit: 50 }));

    expect(costs).toHaveLength(Math.ceil((count + 1) / 50));
    expect(Math.max(...costs)).toBeLessThanOrEqual(14);
    expect(Math.abs((costs[1] ?? 0) - (costs.at(-2) ?? 0))).toBeLessThanOrEqual(1);
    expect(live.rcu).toBeLessThanOrEqual(4);
    expect(nodes.rcu).toBeLessThanOrEqual(14);
    expect(runners.rcu).toBeLessThanOrEqual(14);
  });
});
