import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { deadlineMs } from '#domain/instance/deadlines.ts';
import type { OrgScope } from '#domain/scope.ts';
import { sweep } from '#runtime/services/sweep.ts';
import type { DueSubject } from '#store/keys.ts';
import { openTable } from '#store/open.ts';
import { bodyOf } from './instances/bodies.ts';
import { minute, openStage, pat, type Stage, stageNow } from './instances/stage.ts';

/** Has it been ended, or removed? */
type Ended = () => Promise<boolean>;
/** Makes something that is ended by the next sweep, or sync, without anybody asking for it then. */
type Reaper = (stage: Stage) => Promise<Ended>;

const unwanted =
  (stage: Stage, uid: string): Ended =>
  async () =>
    (await stage.row(uid))?.want === 'gone';

/** An instance, its node, and the generation that it is told to run. */
async function told(stage: Stage, options: Parameters<Stage['runner']>[1] = {}) {
  const [node, runner] = [await stage.node(), await stage.runner(pat, options)];
  const uid = await stage.instance(runner, node.uid);
  return { node, runner, uid, generation: (await node.toldOf(uid))?.generation ?? 0 };
}

async function listening(stage: Stage, options: Parameters<Stage['runner']>[1] = {}) {
  const one = await told(stage, options);
  await one.node.start(one.uid);
  return one;
}

/** Somebody's removal by force, cut off after its first write. */
async function cutOff(stage: Stage, kind: 'nodes' | 'runners', uid: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint: stage.cloud.dynamoDbEndpoint });
  const table = openTable({ client, tableName: stage.cloud.tableName, now: stageNow, newId: v7 });
  const scope = { org: stage.org, member: Promise.resolve({}) } as unknown as OrgScope;
  const by = { uid: 'jane', request_id: 'test' };
  await table[kind].beginRemoval(scope, uid, { by, due: stageNow() + 30_000 });
  stage.pass(2 * minute);
}

const atGithub = (stage: Stage, name: string) => stage.github.runners().some((one) => one.name === name);

/** By the name of the deadline: one that is added belongs here. */
const deadlines: Record<Exclude<keyof typeof deadlineMs, 'removal'> | 'lifetime', Reaper> = {
  async requested(stage) {
    const { node, uid } = await told(stage);
    stage.pass(16 * minute);
    await node.sync();
    return unwanted(stage, uid);
  },
  async pulling(stage) {
    const { node, uid, generation } = await told(stage);
    await node.sync([node.seen(uid, generation, 'pulling')]);
    stage.pass(31 * minute);
    return unwanted(stage, uid);
  },
  async claimed(stage) {
    const { node, uid, generation } = await told(stage);
    for (let attempt = 1; attempt <= 5; attempt++) {
      bodyOf(await node.claim(uid, generation));
      stage.pass(3 * minute);
      await node.sync();
      if (attempt < 5) await stage.cloud.sweep();
      if (attempt < 5) stage.pass(2 * minute);
    }
    return unwanted(stage, uid);
  },
  async started(stage) {
    const { node, uid, generation } = await told(stage);
    bodyOf(await node.claim(uid, generation));
    await node.sync([node.seen(uid, generation, 'running')]);
    stage.pass(6 * minute);
    await node.sync();
    return unwanted(stage, uid);
  },
  async githubUnavailable(stage) {
    const { node, uid, generation } = await told(stage);
    stage.github.fail({ method: 'POST', path: '/generate-jitconfig', status: 502, times: 1 });
    expect((await node.claim(uid, generation)).ok).toBe(false);
    stage.pass(361 * minute);
    await node.sync();
    return unwanted(stage, uid);
  },
  async lifetime(stage) {
    const { node, uid } = await listening(stage, { max_lifetime_minutes: 30 });
    stage.pass(31 * minute);
    await node.sync();
    return unwanted(stage, uid);
  },
  async lastJob(stage) {
    const { node, uid, generation } = await listening(stage, { max_lifetime_minutes: 30, ephemeral: false });
    await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);
    stage.pass(391 * minute);
    await node.sync();
    return unwanted(stage, uid);
  },
};

/** By the kind of row that the sweep looks at: one that is added belongs here. */
const rows: Record<DueSubject['kind'], Readonly<Record<string, Reaper>>> = {
  instance: {
    async 'what has ended, and GitHub still has'(stage) {
      const { node, uid, generation } = await listening(stage);
      await node.sync([node.seen(uid, generation, 'exited'), node.seen(uid, generation, 'gone')]);
      stage.pass(minute);
      return async () => !atGithub(stage, `rp-${uid}`);
    },
  },
  node: {
    async 'a drain at its deadline'(stage) {
      const { node, uid, generation } = await listening(stage);
      await node.sync([node.seen(uid, generation, 'busy', { job: 'build' })]);
      const params = { org_id: stage.org, node_id: node.uid };
      bodyOf(await stage.api.nodes.drain({ params, body: { deadline_minutes: 10 } }));
      stage.pass(11 * minute);
      await node.sync();
      return unwanted(stage, uid);
    },
    async 'a node that is being deleted by force'(stage) {
      const { node, uid } = await listening(stage);
      await cutOff(stage, 'nodes', node.uid);
      return unwanted(stage, uid);
    },
  },
  runner: {
    async 'one more than is desired'(stage) {
      await stage.node();
      const runner = await stage.runner(pat, { desired_instances: 1 });
      const params = { org_id: stage.org, runner_id: runner };
      const [one] = bodyOf(await stage.api.instances.list({ params }));
      bodyOf(await stage.api.runners.change({ params, body: { desired_instances: 0 } }));
      return unwanted(stage, one?.uid ?? '');
    },
    async 'a runner that is being deleted by force'(stage) {
      const { runner, uid } = await listening(stage);
      await cutOff(stage, 'runners', runner);
      return unwanted(stage, uid);
    },
  },
  github: {
    async 'what is at GitHub, and nobody has'(stage) {
      const { uid } = await listening(stage);
      const labels = stage.github.runners().find(({ name }) => name === `rp-${uid}`)?.labels ?? [];
      const name = `rp-${v7()}`;
      await fetch(`${stage.github.apiUrl}/repos/Gigatech/my-repo/actions/runners/generate-jitconfig`, {
        method: 'POST',
        headers: { authorization: `Bearer ${pat}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, labels: labels.map((label) => label.name), runner_group_id: 1 }),
      });
      expect(atGithub(stage, name)).toBe(true);
      stage.pass(11 * minute);
      await stage.cloud.sweep();
      stage.pass(11 * minute);
      return async () => !atGithub(stage, name);
    },
  },
};

/** By what an agent is told in the answer to a sync. */
const answers: Readonly<Record<string, Reaper>> = {
  async 'a container that nobody has listed'(stage) {
    const node = await stage.node();
    return async () => (await node.sync()).reap;
  },
  async 'what a deleted node still has'(stage) {
    const node = await stage.node();
    bodyOf(await stage.api.nodes.remove({ params: { org_id: stage.org, node_id: node.uid } }));
    return async () => {
      const { retired, reap } = await node.sync();
      expect(reap).toBe(retired);
      return retired;
    };
  },
};

/** What the sweep acts by: what is added ends nothing, or is tried above. */
const triedAbove = ['due-comparisons', 'due-instances', 'draining', 'removals', 'upkeep'];
const endsNothing = ['bell', 'due', 'metrics', 'reaping', 'registrations', 'table'];

it('knows everything by which the sweep acts', () => {
  expect(sweep.uses.map(({ id }) => id).sort()).toEqual([...triedAbove, ...endsNothing].sort());
});

describe.each([
  ['on', true],
  ['hold', false],
] as const)('with RUNNER_PILOT_REAP=%s', (reap, ends) => {
  let stage: Stage;
  beforeAll(async () => {
    const plenty = { RUNNER_PILOT_RATE_WRITE: '100000/1', RUNNER_PILOT_LOG_LEVEL: 'ERROR' };
    stage = await openStage({ ...plenty, RUNNER_PILOT_REAP: reap });
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  const deadlineReapers = Object.entries(deadlines).map(([name, one]) => [`the deadline: ${name}`, one] as const);
  const rowReapers = Object.values(rows).flatMap((of) => Object.entries(of));

  it.each([...deadlineReapers, ...rowReapers, ...Object.entries(answers)])(
    `what nobody asked for is ${ends ? 'ended' : 'kept'}: %s`,
    async (_name, given) => {
      const ended = await given(stage);
      await stage.cloud.sweep();

      expect(await ended()).toBe(ends);
      expect(await stage.overdue()).toEqual([]);
      expect(await stage.wrongs()).toEqual([]);
    },
  );

  it('what somebody asks for is done at once', async () => {
    const { node, runner, uid } = await listening(stage);
    const [other, more] = [await stage.instance(runner, node.uid), await listening(stage)];
    const params = { org_id: stage.org, runner_id: runner };

    bodyOf(await stage.api.instances.remove({ params: { ...params, instance_id: uid } }));
    bodyOf(await stage.api.nodes.drain({ params: { org_id: stage.org, node_id: more.node.uid }, body: {} }));
    bodyOf(await stage.api.runners.remove({ params, query: { force: 'true' } }));

    for (const one of [uid, more.uid, other]) expect(await unwanted(stage, one)()).toBe(true);
    expect(atGithub(stage, `rp-${uid}`)).toBe(false);
  });
});
