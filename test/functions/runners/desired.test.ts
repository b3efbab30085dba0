import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from '../instances/bodies.ts';
import type { FakeNode } from '../instances/fake-node.ts';
import { minute, openStage, pat, type Stage } from '../instances/stage.ts';

type Changed = NonNullable<Parameters<Stage['api']['runners']['change']>[0]['body']>;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ RUNNER_PILOT_RATE_WRITE: '100000/1', RUNNER_PILOT_LOG_LEVEL: 'ERROR' });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
  // Nodes of other tests take nothing of what comes.
  for (const { uid } of bodyOf(await stage.api.nodes.list({ params: { org_id: stage.org } }))) {
    bodyOf(await stage.api.nodes.remove({ params: { org_id: stage.org, node_id: uid }, query: { force: 'true' } }));
  }
  for (const { uid } of bodyOf(await stage.api.runners.list({ params: { org_id: stage.org } }))) {
    bodyOf(await stage.api.runners.remove({ params: at(uid), query: { force: 'true' } }));
  }
});

const at = (runner_id: string) => ({ org_id: stage.org, runner_id });
const shown = async (runner: string) => bodyOf(await stage.api.runners.get({ params: at(runner) }));
const change = async (runner: string, body: Changed) =>
  bodyOf(await stage.api.runners.change({ params: at(runner), body }));
const live = async (runner: string) =>
  bodyOf(await stage.api.instances.list({ params: at(runner), query: { live: 'true' } }));
const remove = async (runner: string, instance_id: string) =>
  bodyOf(await stage.api.instances.remove({ params: { ...at(runner), instance_id } }));

/** Lets the node do what it is told: runners listen, and what is to go is gone. */
async function obey(node: FakeNode): Promise<void> {
  for (const { uid, generation, want } of (await node.sync()).desired) {
    const state = (await stage.row(uid))?.state;
    if (want === 'gone') await node.sync([node.seen(uid, generation, 'gone')]);
    // What is not wanted any more by then is not granted.
    else if (state === 'requested' && (await node.claim(uid, generation)).ok) {
      await node.sync([node.seen(uid, generation, 'running')]);
      await node.sync([node.seen(uid, generation, 'listening')]);
    }
  }
}

async function job(node: FakeNode, uid: string, told: { readonly end?: boolean } = {}) {
  const { generation = 0 } = (await node.toldOf(uid)) ?? {};
  const busy = node.seen(uid, generation, 'busy', { job: 'build' });
  await node.sync([busy]);
  return told.end === false ? generation : node.sync([node.seen(uid, generation, 'exited', { exit_code: 0 })]);
}

const refuse = (node: FakeNode, { uid, generation }: { readonly uid: string; readonly generation: number }) =>
  node.sync([
    node.seen(uid, generation, 'refused', {
      retryable: false,
      reason: { code: 'image_not_found', detail: 'There is no image nowhere:latest.' },
    }),
  ]);

describe('a runner that keeps a number of instances alive', () => {
  it('has them at once, and says how many there are', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 3 });

    expect(await shown(runner)).toMatchObject({
      desired_instances: 3,
      instances: 3,
      replacement: { alive: 3, failures: 0, reason: null, next_at: null },
    });
    expect((await node.sync()).desired).toHaveLength(3);
    const [listed] = bodyOf(await stage.api.runners.list({ params: { org_id: stage.org } }));
    expect(listed).toMatchObject({ desired_instances: 3, replacement: { alive: 3 } });
  });

  it('replaces what has done its job within the sync that tells of it, and says what for', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 2 });
    await obey(node);
    const [one] = await live(runner);

    const answer = await job(node, one?.uid ?? '');

    const runs = typeof answer === 'object' ? answer.desired.filter(({ want }) => want === 'run') : [];
    expect(runs).toHaveLength(2);
    const added = runs.find(({ uid }) => uid !== one?.uid)?.uid ?? '';
    const told = bodyOf(await stage.api.instances.events({ params: { ...at(runner), instance_id: added } }));
    expect(told[0]).toMatchObject({ code: 'requested', by: null, data: { cause: 'replacement' } });
    const audit = (await stage.rows()).find(({ sk, target }) => sk.startsWith('AUDIT#') && target === added);
    expect(audit).toMatchObject({ action: 'instances.create', actor: 'desired_instances' });
  });

  it('replaces what a person deletes, and what its node has lost', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 2 });
    await obey(node);
    const [one, two] = await live(runner);
    stage.pass(2 * minute);

    await remove(runner, one?.uid ?? '');
    await node.sync([node.seen(two?.uid ?? '', (await node.toldOf(two?.uid ?? ''))?.generation ?? 0, 'gone')]);
    await stage.cloud.sweep();

    expect((await shown(runner)).replacement).toMatchObject({ alive: 2, failures: 0 });
    const kept = (await node.sync()).desired.filter(({ want }) => want === 'run').map(({ uid }) => uid);
    expect(kept).toHaveLength(2);
    expect(kept).not.toContain(one?.uid);
  });

  it('counts what a person has made, before and after, and never removes it', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const before = await stage.instance(runner, node.uid);
    await obey(node);

    await change(runner, { desired_instances: 2 });
    const [ours] = (await live(runner)).filter(({ uid }) => uid !== before);
    expect((await shown(runner)).replacement?.alive).toBe(2);
    const after = await stage.instance(runner, node.uid);
    await stage.cloud.sweep();

    expect((await live(runner)).map(({ uid }) => uid).sort()).toEqual([before, after].sort());
    const told = (await stage.rows()).find(({ sk }) => sk === `DELETED#${runner}#${ours?.uid}`);
    expect(told ?? (await stage.row(ours?.uid ?? ''))).toMatchObject({ deleted_by: 'desired_instances' });
    await change(runner, { desired_instances: 0 });
    await stage.cloud.sweep();
    expect(await live(runner)).toHaveLength(2);

    await change(runner, { desired_instances: 2 });
    await remove(runner, before);
    await stage.cloud.sweep();
    expect((await shown(runner)).replacement?.alive).toBe(2);
  });

  it('removes what is idle when the number is lowered, the newest first, and what is busy after its job', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 3 });
    await obey(node);
    const [newest, middle, oldest] = await live(runner);
    const generation = await job(node, newest?.uid ?? '', { end: false });

    const lowered = await change(runner, { desired_instances: 1 });

    expect(lowered.replacement?.alive).toBe(1);
    expect((await live(runner)).map(({ uid }) => uid)).toEqual([newest?.uid]);
    for (const one of [middle, oldest]) {
      const told = bodyOf(await stage.api.instances.events({ params: { ...at(runner), instance_id: one?.uid ?? '' } }));
      expect(told.find(({ code }) => code === 'deleted')).toMatchObject({ by: null, data: { cause: 'surplus' } });
    }
    await change(runner, { desired_instances: 0 });
    expect((await live(runner)).map(({ status }) => status)).toEqual(['busy']);
    await node.sync([node.seen(newest?.uid ?? '', Number(generation), 'exited', { exit_code: 0 })]);
    await obey(node);
    await stage.cloud.sweep();
    expect(await live(runner)).toEqual([]);
  });

  it('looks again at what is too many, persistent and busy, until its job is over', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 1, ephemeral: false });
    await obey(node);
    const [one] = await live(runner);
    const generation = Number(await job(node, one?.uid ?? '', { end: false }));
    await change(runner, { desired_instances: 0 });
    expect((await live(runner)).map(({ status }) => status)).toEqual(['busy']);

    await node.sync([node.seen(one?.uid ?? '', generation, 'listening')]);
    stage.pass(2 * minute);
    await node.sync();
    await stage.cloud.sweep();

    expect(await live(runner)).toEqual([]);
  });

  it('goes with all it has, and none comes back', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 2 });
    await obey(node);
    const detail = refusedWith('runner.has-instances', await stage.api.runners.remove({ params: at(runner) }));
    expect(detail).toContain('desired_instances');

    bodyOf(await stage.api.runners.remove({ params: at(runner), query: { force: 'true' } }));
    for (let sweeps = 0; sweeps < 12; sweeps++) {
      stage.pass(minute);
      await obey(node);
      await stage.cloud.sweep();
    }

    expect((await node.sync()).desired).toEqual([]);
    expect((await stage.rows()).filter(({ sk }) => sk === `RUNNER#${runner}` || sk.startsWith('INSTANCE#'))).toEqual(
      [],
    );
  });
});

describe('a node that is being drained', () => {
  it('gives what it has to others, and where there is none, it says so and gets it back', async () => {
    const [one, other] = [await stage.node(), await stage.node()];
    const runner = await stage.runner(pat, { desired_instances: 2 });
    await obey(one);
    await obey(other);
    const params = (node: FakeNode) => ({ org_id: stage.org, node_id: node.uid });

    bodyOf(await stage.api.nodes.drain({ params: params(one), body: {} }));
    await obey(one);
    await stage.cloud.sweep();
    expect((await live(runner)).length).toBe(2);
    expect((await one.sync()).desired).toEqual([]);
    expect((await other.sync()).desired).toHaveLength(2);

    bodyOf(await stage.api.nodes.drain({ params: params(other), body: {} }));
    await obey(other);
    await stage.cloud.sweep();
    const { replacement } = await shown(runner);
    expect(replacement).toMatchObject({ alive: 0, failures: 0, reason: { code: 'node_none_available' } });
    expect(replacement?.reason?.detail).toContain('is being drained');

    bodyOf(await stage.api.nodes.undrain({ params: params(other) }));
    stage.pass(minute);
    await other.sync();
    await stage.cloud.sweep();
    expect((await shown(runner)).replacement).toMatchObject({ alive: 2, reason: null });
  });
});

describe('an instance that has lived for as long as it may', () => {
  it('is replaced, and is no failure', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 1, max_lifetime_minutes: 5 });
    await obey(node);
    const [one] = await live(runner);

    stage.pass(6 * minute);
    await node.sync();
    await stage.cloud.sweep();
    await obey(node);
    await stage.cloud.sweep();

    const [next] = (await node.sync()).desired;
    expect(next).toMatchObject({ want: 'run' });
    expect(next?.uid).not.toBe(one?.uid);
    expect((await shown(runner)).replacement).toMatchObject({ alive: 1, failures: 0, reason: null });
  });
});

describe('what stands in the way', () => {
  it('is a node: it says which and why, and tries again, ever more slowly, until there is one', async () => {
    const runner = await stage.runner(pat, { desired_instances: 2 });

    const alone = await shown(runner);
    expect(alone.replacement).toMatchObject({ alive: 0, failures: 0, reason: { code: 'node_none_available' } });
    expect(Date.parse(alone.replacement?.next_at ?? '')).toBeGreaterThan(
      Date.parse(alone.replacement?.reason?.since ?? ''),
    );
    await stage.node({ max_instances: 1 });
    await stage.cloud.sweep();
    expect((await shown(runner)).replacement?.alive).toBe(0);
    stage.pass(15_000);
    await stage.cloud.sweep();
    expect((await shown(runner)).replacement).toMatchObject({
      alive: 1,
      reason: { detail: expect.stringContaining('1 of at most 1') },
    });

    stage.pass(10 * minute);
    await stage.cloud.sweep();
    const later = (await shown(runner)).replacement;
    expect(Date.parse(later?.next_at ?? '') - Date.parse(later?.reason?.since ?? '')).toBeLessThan(12 * minute);
  });

  it('is a full node: what has ended is replaced there as soon as the node has removed it', async () => {
    const node = await stage.node({ max_instances: 1 });
    const runner = await stage.runner(pat, { desired_instances: 1 });
    await obey(node);
    const [one] = await live(runner);
    await job(node, one?.uid ?? '');
    expect((await shown(runner)).replacement).toMatchObject({ alive: 0, reason: { code: 'node_none_available' } });

    const { generation = 0 } = (await node.toldOf(one?.uid ?? '')) ?? {};
    const { desired } = await node.sync([node.seen(one?.uid ?? '', generation, 'gone')]);

    expect(desired).toMatchObject([{ want: 'run' }]);
    expect((await shown(runner)).replacement).toMatchObject({ alive: 1, reason: null, next_at: null });
  });

  it('is an image: one is tried at a time, ever more slowly, and takes no place; a change tries at once', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 3 });
    const made = () => stage.rows().then((rows) => rows.filter(({ runner: of, state }) => of === runner && state));
    for (const told of (await node.sync()).desired) await refuse(node, told);
    await obey(node);

    const first = (await shown(runner)).replacement;
    expect(first).toMatchObject({ alive: 0, failures: 1, reason: { code: 'image_not_found' } });
    const delays: number[] = [];
    for (let round = 2; round <= 14; round++) {
      const next = Date.parse((await shown(runner)).replacement?.next_at ?? '');
      const before = (await made()).length;
      await stage.cloud.sweep();
      expect((await made()).length).toBe(before);
      const now = Math.max(...(await stage.rows()).map(({ ended_at }) => Number(ended_at ?? 0)));
      delays.push(next - now);
      stage.pass(next - now + 100);
      await node.sync();
      await stage.cloud.sweep();
      const told = (await node.sync()).desired.filter(({ want }) => want === 'run');
      expect(told).toHaveLength(1);
      expect((await made()).length).toBe(before + 1);
      if (told[0]) await refuse(node, told[0]);
      await obey(node);
      expect((await shown(runner)).replacement?.failures).toBe(round);
    }
    expect(delays[0]).toBeGreaterThan(6000);
    expect(delays[0]).toBeLessThan(12_500);
    expect(Math.max(...delays)).toBeGreaterThan(10 * minute);
    expect(Math.max(...delays)).toBeLessThan(16 * minute);
    expect(await live(runner)).toEqual([]);
    expect(bodyOf(await stage.api.nodes.get({ params: { org_id: stage.org, node_id: node.uid } })).instances).toBe(0);

    const mended = await change(runner, { docker_image: 'ubuntu:24.04' });
    expect(mended.replacement).toMatchObject({ alive: 3, failures: 0, reason: null });
  }, 60_000);

  it('is over when one listens: the others are made at once, and a next failure waits longer than the first', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { desired_instances: 3 });
    for (const told of (await node.sync()).desired) await refuse(node, told);
    await obey(node);
    stage.pass(15_000);
    await node.sync();
    await stage.cloud.sweep();
    expect((await shown(runner)).replacement).toMatchObject({ alive: 1, failures: 1, next_at: null });

    await obey(node);

    expect((await shown(runner)).replacement).toMatchObject({ alive: 3, reason: null });
    const [one] = (await node.sync()).desired.filter(({ want }) => want === 'run');
    const last = (await node.sync()).desired.findLast(({ want }) => want === 'run');
    if (one && last) await refuse(node, last.uid === one.uid ? one : last);
    expect((await shown(runner)).replacement).toMatchObject({ alive: 2, failures: 2 });
  });

  it('is a node that fails what it is given: the next is tried on another one', async () => {
    const [bad, good] = [await stage.node(), await stage.node()];
    const runner = await stage.runner(pat, { desired_instances: 2 });
    const [told] = (await bad.sync()).desired;
    if (told) await refuse(bad, told);
    await obey(bad);
    await obey(good);
    stage.pass(15_000);
    await Promise.all([bad.sync(), good.sync()]);
    await stage.cloud.sweep();

    expect((await bad.sync()).desired).toEqual([]);
    expect((await good.sync()).desired).toHaveLength(2);
    expect((await shown(runner)).replacement?.alive).toBe(2);
  });

  it('is a token that has expired: it stops, says so, and goes on with another one', async () => {
    const node = await stage.node();
    const runner = await stage.runner('AREGISTRATIONTOKEN0001', { desired_instances: 1 });
    await obey(node);
    const [one] = await live(runner);
    stage.pass(61 * minute);
    await node.sync();

    await job(node, one?.uid ?? '');
    const { replacement } = await shown(runner);
    expect(replacement).toMatchObject({ alive: 0, next_at: null, reason: { code: 'runner_token_expired' } });
    await obey(node);
    for (let sweeps = 0; sweeps < 3; sweeps++) {
      stage.pass(20 * minute);
      await node.sync();
      await stage.cloud.sweep();
    }
    expect((await stage.rows()).find(({ sk }) => sk === `RUNNER#${runner}`)).not.toHaveProperty('due');
    expect((await shown(runner)).replacement?.reason?.detail).toContain('personal access token');

    expect((await change(runner, { github_runner_token: pat })).replacement).toMatchObject({ alive: 1, reason: null });
  });
});

describe('however many look at once', () => {
  it('there are never more than are desired', async () => {
    const nodes = [await stage.node(), await stage.node()];
    const runner = await stage.runner(pat, { desired_instances: 1 });
    const counts = [5, 2, 7, 3];
    let most = 0;
    const watch = async () => {
      most = Math.max(most, (await shown(runner)).replacement?.alive ?? 0);
    };

    for (const desired_instances of counts) {
      await Promise.all([
        ...Array.from({ length: 10 }, () =>
          stage.api.runners.change({ params: at(runner), body: { desired_instances } }),
        ),
        ...Array.from({ length: 6 }, () => stage.cloud.sweep()),
        ...nodes.map((node) => obey(node)),
        watch(),
        watch(),
      ]);
      await stage.cloud.sweep();
      await watch();
      expect((await shown(runner)).replacement?.alive).toBe(desired_instances);
      expect(await live(runner)).toHaveLength(desired_instances);
    }
    expect(most).toBeLessThanOrEqual(7);
    const made = (await stage.rows()).filter(({ sk, of = sk }) => String(of).includes(`#${runner}#`));
    expect(made.length).toBeLessThanOrEqual(1 + 4 + 5 + 5);
  }, 60_000);
});

it('is refused out of range, and is no member’s to change', async () => {
  const runner = await stage.runner();
  for (const desired_instances of [-1, 101, 1.5]) {
    const answer = await stage.api.runners.change({ params: at(runner), body: { desired_instances } });
    refusedWith('request.invalid', answer);
  }
  expect(await shown(runner)).toMatchObject({ desired_instances: 0, replacement: null });
});
