import { expect } from 'vitest';
import type { Client } from '#contract/client.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { enrollNode, type FakeNode } from '#test/functions/instances/fake-node.ts';
import { minute, pat, type Stage, stageNow } from '#test/functions/instances/stage.ts';
import { type RawRow, violations } from '#test/invariants.ts';
import { orphansAt } from './orphans.ts';
import { partitionRows } from './partition.ts';
import type { FaultyStage } from './stage.ts';

/** An organization of its own for one case, so that nothing is left of the one before: not even a cached key. */
export interface Tenant {
  readonly stage: Stage;
  readonly api: Client;
  readonly org: string;
  node(): Promise<FakeNode>;
  runner(options?: { readonly desired_instances?: number }): Promise<string>;
  /** Asks for an instance, without waiting for it. */
  instance(runner: string, node: string): Promise<string>;
  /** All rows of this organization and of its nodes. */
  rows(): Promise<RawRow[]>;
  /** Lets time pass and sweeps twice, nodes doing what they are told. */
  converge(): Promise<void>;
  wrongs(): Promise<string[]>;
  /** Removes all it has, so that the sweeps of the next case find nothing of this one. */
  close(): Promise<void>;
  /** Does something whose function loses the table after so many transactions. */
  cutOff(transactions: number, act: () => Promise<unknown>): Promise<void>;
}

const bell = 'mi-0123456789abcdef0';
let made = 0;

/** Makes an organization. */
export async function openTenant({ stage, proxy }: FaultyStage): Promise<Tenant> {
  const org = `case-${++made}-${crypto.randomUUID().slice(0, 8)}`;
  const { api } = stage;
  const known = new Set(stage.github.runners().map(({ name }) => name));
  bodyOf(await api.organizations.create({ body: { name: 'Gigatech', short_name: org, type: 'personal' } }));
  const params = { org_id: org };
  const nodes: FakeNode[] = [];

  const rows = async () => {
    const partitions = [`ORG#${org}`, ...nodes.map(({ uid }) => `NODE#${uid}`)];
    return (await Promise.all(partitions.map((pk) => partitionRows(stage.cloud, pk)))).flat();
  };

  /** What an agent does about what is to be gone. A node that was deleted is told nothing any more. */
  async function obey(node: FakeNode): Promise<void> {
    const { desired } = await node.sync([], { bell });
    const gone = desired.filter(({ want }) => want === 'gone');
    if (gone.length > 0) await node.sync(gone.map(({ uid, generation }) => node.seen(uid, generation, 'gone')));
  }

  return {
    stage,
    api,
    org,
    async node() {
      const draft = { name: 'Node-01', type: 'Remote' } as const;
      const { enrollment } = bodyOf(await api.nodes.create({ params, body: draft }));
      const node = await enrollNode(stage.cloud.url, enrollment?.command ?? '', stageNow);
      nodes.push(node);
      await node.sync([], { bell });
      return node;
    },
    async runner(options = {}) {
      const draft = { name: 'Runner-01', docker_image: 'ubuntu:22.04', github_repo: 'Gigatech/my-repo' };
      const body = { ...draft, github_runner_token: pat, runner_source: 'image', ...options } as const;
      return bodyOf(await api.runners.create({ params, body })).uid;
    },
    async instance(runner, node) {
      const answer = await api.instances.create({
        params: { ...params, runner_id: runner },
        body: { node_id: node },
        headers: { prefer: 'respond-async' },
      });
      return bodyOf(answer).uid;
    },
    rows,
    async converge() {
      for (let sweeps = 0; sweeps < 2; sweeps++) {
        stage.pass(70_000);
        for (const node of nodes) await obey(node);
        await stage.cloud.sweep();
        for (const node of nodes) await obey(node);
      }
    },
    async cutOff(transactions, act) {
      proxy.watch({ at: transactions + 1, of: 'TransactWriteItems', kind: 'failed', width: 'on' });
      await act();
      expect(proxy.unwatch().hit.length).toBeGreaterThan(0);
    },
    async close() {
      const force = { query: { force: 'true' } } as const;
      for (const { uid } of bodyOf(await api.nodes.list({ params }))) {
        bodyOf(await api.nodes.remove({ params: { ...params, node_id: uid }, ...force }));
      }
      for (const { uid } of bodyOf(await api.runners.list({ params }))) {
        bodyOf(await api.runners.remove({ params: { ...params, runner_id: uid }, ...force }));
      }
      await stage.cloud.sweep();
    },
    async wrongs() {
      const all = await rows();
      const held = { now: stageNow(), sweepMs: minute, secrets: [pat] };
      return [...violations(all, held), ...orphansAt(stage.github, known, all)];
    },
  };
}
