import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from '../instances/bodies.ts';
import { enrollNode } from '../instances/fake-node.ts';
import { minute, openStage, type Stage, stageNow } from '../instances/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const eventsOf = async (node_id: string) =>
  bodyOf(await stage.api.nodes.events({ params: { org_id: stage.org, node_id } }));

describe('the events of a node', () => {
  it('tell its life in order: silence and how long, reboot, and who made it inactive', async () => {
    const node = await stage.node();
    const params = { org_id: stage.org, node_id: node.uid };
    const me = bodyOf(await stage.api.common.me());

    stage.pass(20 * minute);
    await node.sync();
    stage.pass(1000);
    await node.sync([], { boot_id: crypto.randomUUID() });
    for (const status of ['inactive', 'active'] as const) {
      stage.pass(1000);
      bodyOf(await stage.api.nodes.change({ params, body: { status } }));
    }
    bodyOf(await stage.api.nodes.change({ params, body: { name: 'Node-02' } }));

    const events = await eventsOf(node.uid);
    expect(events.map(({ code, by }) => [code, by])).toEqual([
      ['created', me.uid],
      ['enrolled', null],
      ['node_back', null],
      ['rebooted', null],
      ['inactive', me.uid],
      ['active', me.uid],
    ]);
    expect(events[1]?.data).toEqual({ hostname: 'build-01', agent_version: '0.1.0' });
    expect(events[2]).toMatchObject({ detail: 'The node is back after 20 min of silence.' });
    expect(Number(events[2]?.data.silent_ms)).toBeGreaterThanOrEqual(20 * minute);
  });

  it('tell of a second machine with its token; that is shown on the node until the two have stopped taking turns', async () => {
    const node = await stage.node();
    const params = { org_id: stage.org, node_id: node.uid };
    const copy = { boot_id: crypto.randomUUID() };
    const warnings = async () => bodyOf(await stage.api.nodes.get({ params })).warnings;
    const began = stageNow();

    for (const boot of [copy, {}, copy, {}]) {
      stage.pass(minute);
      await node.sync([], boot);
    }

    const shown = await warnings();
    const since = new Date(began + 2 * minute).toISOString().slice(0, 16);
    expect(shown).toMatchObject([
      { code: 'node_cloned', detail: expect.stringContaining(`use the token of Node-01 since ${since}`) },
    ]);
    expect(shown[0]?.detail).toContain(`\`POST …/nodes/${node.uid}/enrollment\` makes a line`);
    const listed = bodyOf(await stage.api.nodes.list({ params: { org_id: stage.org } }));
    expect(listed.find(({ uid }) => uid === node.uid)?.warnings).toEqual(shown);
    expect((await eventsOf(node.uid)).filter(({ code }) => code === 'node_cloned')).toHaveLength(1);

    stage.pass(9 * minute);
    await node.sync();
    expect(await warnings()).toEqual(shown);
    stage.pass(2 * minute);
    expect(await warnings()).toEqual([]);
  });

  it('tell of nothing of the kind any more once one of the machines has been enrolled again', async () => {
    const node = await stage.node();
    const params = { org_id: stage.org, node_id: node.uid };
    for (const boot of [{ boot_id: crypto.randomUUID() }, {}]) await node.sync([], boot);
    const shown = bodyOf(await stage.api.nodes.get({ params }));
    expect(shown.warnings).toHaveLength(1);

    const { enrollment } = bodyOf(await stage.api.nodes.enrollment({ params }));
    const again = await enrollNode(stage.cloud.url, enrollment.command, stageNow);
    await again.sync();

    expect(again.uid).toBe(node.uid);
    expect(bodyOf(await stage.api.nodes.get({ params })).warnings).toEqual([]);
    await expect(node.sync()).rejects.toThrow(/^token\.invalid/);
    bodyOf(await stage.api.nodes.change({ params, body: shown }));
  });

  it('tell when the agent was updated, and from what to what', async () => {
    const node = await stage.node();
    const body = { boot_id: crypto.randomUUID(), agent_version: '0.2.0', observed: [] };

    stage.pass(1000);
    bodyOf(await node.api.agent.sync({ body }));
    bodyOf(await node.api.agent.sync({ body }));

    const updates = (await eventsOf(node.uid)).filter(({ code }) => code === 'agent_updated');
    expect(updates).toMatchObject([{ data: { from: '0.1.0', to: '0.2.0' } }]);
  });

  it.each([false, true])('stay when it has been deleted (by force: %s), and are nobody else’s', async (force) => {
    const node = await stage.node();
    const params = { org_id: stage.org, node_id: node.uid };
    stage.pass(1000);
    bodyOf(await stage.api.nodes.remove({ params, ...(force && { query: { force: 'true' } }) }));

    const codes = (await eventsOf(node.uid)).map(({ code }) => code);
    const { api, org } = await stage.stranger();
    const theirs = await api.nodes.events({ params: { org_id: org, node_id: node.uid } });

    expect(codes).toEqual(['created', 'enrolled', 'deleted', ...(force ? ['retired'] : [])]);
    refusedWith('node.not-found', theirs);
    refusedWith('node.not-found', await stage.api.nodes.get({ params }));
  });

  it('come in pages', async () => {
    const node = await stage.node();
    const params = { org_id: stage.org, node_id: node.uid };

    const first = await stage.api.nodes.events({ params, query: { limit: '1' } });
    const cursor = /[?&]cursor=([^&>]+)/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await stage.api.nodes.events({ params, query: { limit: '1', cursor } });

    expect([...bodyOf(first), ...bodyOf(second)].map(({ code }) => code)).toEqual(['created', 'enrolled']);
    expect(second.headers.get('link')).toBeNull();
  });
});
