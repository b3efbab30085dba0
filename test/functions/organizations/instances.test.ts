import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from '../instances/bodies.ts';
import type { FakeNode } from '../instances/fake-node.ts';
import { openStage, type Stage } from '../instances/stage.ts';

let stage: Stage;
let nodes: FakeNode[];
let runners: string[];
/** Of the first runner: one on each node; of the second: one that runs, and one that has stopped. */
let uids: { first: string[]; runs: string; stopped: string };

beforeAll(async () => {
  stage = await openStage();
  nodes = [await stage.node(), await stage.node()];
  runners = [await stage.runner(), await stage.runner()];
  const [one, two] = nodes as [FakeNode, FakeNode];
  const [first = '', second = ''] = runners;
  const made = [await stage.instance(first, one.uid), await stage.instance(first, two.uid)];
  const runs = await stage.instance(second, one.uid);
  await one.start(runs);
  const stopped = await stage.instance(second, two.uid);
  const generation = await two.start(stopped);
  await two.sync([two.seen(stopped, generation, 'exited'), two.seen(stopped, generation, 'gone')]);
  uids = { first: made.toReversed(), runs, stopped };
});
afterAll(() => stage?.[Symbol.asyncDispose]());

type Query = NonNullable<NonNullable<Parameters<Stage['api']['organizations']['instances']>[0]>['query']>;
const list = (query: Query = {}) => stage.api.organizations.instances({ params: { org_id: stage.org }, query });
const listed = async (query: Query = {}) => bodyOf(await list(query)).map(({ uid }) => uid);

describe('the instances of an organization', () => {
  it('are those of all its runners, live ones alone unless ended ones are asked for', async () => {
    expect(await listed()).toEqual([uids.runs, ...uids.first]);
    expect(await listed({ ended: 'true' })).toEqual([uids.runs, ...uids.first, uids.stopped]);
  });

  it('are shown as each is by itself, with runner and node by name', async () => {
    const all = bodyOf(await list({ ended: 'true' }));

    for (const one of all) expect(one).toEqual(bodyOf(await stage.get(one.runner.uid, one.uid)));
    expect(all[0]).toMatchObject({ status: 'online', runner: { name: 'Runner-01' }, node: { name: 'Node-01' } });
  });

  it('are filtered by status, node and runner', async () => {
    const [, two] = nodes;
    const [first = '', second = ''] = runners;

    expect(await listed({ status: 'online' })).toEqual([uids.runs]);
    expect(await listed({ status: 'stopped' })).toEqual([uids.stopped]);
    expect(await listed({ node: two?.uid ?? '', ended: 'true' })).toEqual([uids.first[0], uids.stopped]);
    expect(await listed({ runner: first })).toEqual(uids.first);
    expect(await listed({ runner: second, ended: 'true' })).toEqual([uids.runs, uids.stopped]);
    expect(await listed({ runner: crypto.randomUUID() })).toEqual([]);
  });

  it.each([{}, { node: true }, { runner: true }])('come in pages, each once (%o)', async (by) => {
    const query = {
      ended: 'true' as const,
      ...('node' in by && { node: nodes[1]?.uid ?? '' }),
      ...('runner' in by && { runner: runners[1] ?? '' }),
    };
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await list({ ...query, limit: '1', ...(cursor && { cursor }) });
      expect(bodyOf(answer)).toHaveLength(1);
      paged.push(...bodyOf(answer).map(({ uid }) => uid));
      cursor = /[?&]cursor=([^&>]+)/.exec(answer.headers.get('link') ?? '')?.[1];
    } while (cursor);

    expect(paged).toEqual(await listed(query));
  });

  it('are nobody else’s', async () => {
    const { api, org } = await stage.stranger();

    expect(bodyOf(await api.organizations.instances({ params: { org_id: org } }))).toEqual([]);
    refusedWith('organization.not-found', await api.organizations.instances({ params: { org_id: stage.org } }));
  });
});
