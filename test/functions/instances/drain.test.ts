import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { drain as drained } from '#domain/drain.ts';
import type { OrgScope } from '#domain/scope.ts';
import { openTable } from '#store/open.ts';
import { bodyOf, refusedWith } from './bodies.ts';
import type { FakeNode } from './fake-node.ts';
import { minute, openStage, type Stage, stageNow } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const params = (node: FakeNode) => ({ org_id: stage.org, node_id: node.uid });
const drain = async (node: FakeNode, body: { deadline_minutes?: number; note?: string } = {}) =>
  bodyOf(await stage.api.nodes.drain({ params: params(node), body }));
const names = () => stage.github.runners().map(({ name }) => name);
const dueOf = async (node: FakeNode) => (await stage.rows()).find(({ sk }) => sk === `NODE#${node.uid}`)?.due;

/** A node with an idle instance and a busy one. */
async function working() {
  const node = await stage.node();
  const runner = await stage.runner();
  const idle = await stage.instance(runner, node.uid);
  await node.start(idle);
  const busy = await stage.instance(runner, node.uid);
  const generation = await node.start(busy);
  await node.sync([node.seen(busy, generation, 'busy', { job: 'build' })]);
  return { node, runner, idle, busy, generation };
}

describe('a node that is drained', () => {
  it('loses what is idle at once, at GitHub too, and keeps what runs a job', async () => {
    const { node, runner, idle, busy } = await working();

    const shown = await drain(node, { note: 'New disks' });

    expect(shown).toMatchObject({ status: 'active', drain: { deadline: null, note: 'New disks' } });
    refusedWith('instance.not-found', await stage.get(runner, idle));
    expect(names()).not.toContain(`rp-${idle}`);
    expect(names()).toContain(`rp-${busy}`);
    const told = (await node.sync()).desired;
    expect(told.find(({ uid }) => uid === idle)).toMatchObject({ want: 'gone' });
    expect(told.find(({ uid }) => uid === busy)).toMatchObject({ want: 'run' });
  });

  it('takes nothing new, by name or by choice, and says why', async () => {
    const { node, runner } = await working();
    await drain(node, { note: 'New disks' });
    const ask = (body: { node_id?: string }) =>
      stage.api.instances.create({ params: { org_id: stage.org, runner_id: runner }, body });

    const named = refusedWith('node.inactive', await ask({ node_id: node.uid }));

    expect(named).toContain('is being drained (New disks)');
  });

  it('loses the busy one when its job has ended, by the sweep alone', async () => {
    const { node, runner, busy, generation } = await working();
    await drain(node);
    stage.pass(minute);
    await stage.cloud.sweep();
    expect(bodyOf(await stage.get(runner, busy)).status).toBe('busy');
    expect(await dueOf(node)).toBeDefined();

    await node.sync([node.seen(busy, generation, 'listening')]);
    stage.pass(minute);
    await stage.cloud.sweep();
    stage.pass(minute);
    await stage.cloud.sweep();

    refusedWith('instance.not-found', await stage.get(runner, busy));
    expect(await dueOf(node)).toBeUndefined();
    expect(bodyOf(await stage.api.nodes.get({ params: params(node) })).drain).not.toBeNull();
  });

  it('at the deadline loses it, with the grace that a job is given, and it says what for', async () => {
    const { node, runner, busy } = await working();
    await drain(node, { deadline_minutes: 30, note: 'New disks' });

    stage.pass(29 * minute);
    await node.sync();
    await stage.cloud.sweep();
    expect(bodyOf(await stage.get(runner, busy)).status).toBe('busy');
    stage.pass(2 * minute);
    await node.sync();
    await stage.cloud.sweep();

    const detail = 'Node-01 is being drained (New disks), and the deadline for jobs has passed: "build" was cancelled.';
    const reason = { code: 'drained', detail };
    const told = await node.toldOf(busy);
    expect(told).toMatchObject({ want: 'gone', grace_seconds: 60 });
    expect(bodyOf(await stage.get(runner, busy))).toMatchObject({ status: 'stopped', reason });
    await node.sync([node.seen(busy, told?.generation ?? 0, 'gone')]);
    stage.pass(minute);
    await stage.cloud.sweep();
    const shown = bodyOf(await stage.get(runner, busy));
    expect(shown).toMatchObject({ status: 'stopped', reason });
    expect(names()).not.toContain(`rp-${busy}`);
    expect(await dueOf(node)).toBeUndefined();
    const params = { org_id: stage.org, runner_id: runner, instance_id: busy };
    const events = bodyOf(await stage.api.instances.events({ params }));
    expect(events.find(({ code }) => code === 'failed')).toMatchObject({ detail, data: { reason: 'drained' } });
  });

  it('at the deadline loses it for good where the node is silent: it could not be told', async () => {
    const { node, runner, busy } = await working();
    await drain(node, { deadline_minutes: 30 });

    stage.pass(31 * minute);
    await stage.cloud.sweep();

    refusedWith('instance.not-found', await stage.get(runner, busy));
    expect(await stage.row(busy)).toMatchObject({ state: 'deleted' });
  });

  it('keeps what still runs when that is cancelled, and takes new ones', async () => {
    const { node, runner, busy, generation } = await working();
    await drain(node, { deadline_minutes: 30 });

    const shown = bodyOf(await stage.api.nodes.undrain({ params: params(node) }));
    stage.pass(31 * minute);
    await node.sync([node.seen(busy, generation, 'listening')]);
    await stage.cloud.sweep();

    expect(shown.drain).toBeNull();
    expect(bodyOf(await stage.get(runner, busy)).status).toBe('online');
    expect(await stage.instance(runner, node.uid)).toBeTruthy();
    bodyOf(await stage.api.nodes.undrain({ params: params(node) }));
  });

  it('is emptied although whoever began it died after the first write', async () => {
    const { node, runner, idle, busy } = await working();
    const client = new DynamoDBClient({ endpoint: stage.cloud.dynamoDbEndpoint });
    const table = openTable({ client, tableName: stage.cloud.tableName, now: stageNow, newId: v7 });
    const scope = { org: stage.org, member: Promise.resolve({}) } as unknown as OrgScope;
    const by = { uid: 'jane', request_id: 'test' };
    const begun = drained(undefined, { by: by.uid, deadlineMinutes: 1 }, stageNow());

    await table.nodes.drain(scope, node.uid, begun, { by, due: stageNow() + 30_000, events: [] });
    stage.pass(2 * minute);
    await node.sync();
    await stage.cloud.sweep();

    refusedWith('instance.not-found', await stage.get(runner, idle));
    expect(bodyOf(await stage.get(runner, busy)).reason).toMatchObject({ code: 'drained' });
    expect(await dueOf(node)).toBeUndefined();
  });

  it('is somebody’s own', async () => {
    const { node } = await working();
    const { api, org } = await stage.stranger();

    refusedWith('node.not-found', await api.nodes.drain({ params: { org_id: org, node_id: node.uid }, body: {} }));
    refusedWith('node.not-found', await api.nodes.undrain({ params: { org_id: org, node_id: node.uid } }));
  });
});
