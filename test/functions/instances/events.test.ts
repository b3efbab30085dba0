import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { syncDocument as document } from '#agent/document.ts';
import { loadInstallation } from '#local/aws/installation.ts';
import { region, stage as stageName, syncDocument } from '#local/surroundings.ts';
import { startAws } from '#test/local/aws/server.ts';
import { bodyOf, refusedWith } from './bodies.ts';
import { minute, openStage, type Stage, stageNow } from './stage.ts';

let stage: Stage;
let aws: Awaited<ReturnType<typeof startAws>>;
beforeAll(async () => {
  stage = await openStage();
  // One that any machine can be registered with; no client of SSM has been made yet.
  aws = await startAws({
    region,
    installation: loadInstallation(stage.cloud.dataDir),
    ssm: { stage: stageName, documents: { [syncDocument]: document }, now: stageNow },
  });
  process.env.AWS_ENDPOINT_URL_SSM = aws.url;
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await aws?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

async function placed(options?: { readonly ephemeral?: boolean }) {
  const node = await stage.node();
  const runner = await stage.runner(undefined, options);
  const uid = await stage.instance(runner, node.uid);
  const generation = (await node.toldOf(uid))?.generation ?? 0;
  const params = { org_id: stage.org, runner_id: runner, instance_id: uid };
  /** One report, in a sync of its own, a second after what was before. */
  const say: (...what: [Parameters<typeof node.seen>[2], Parameters<typeof node.seen>[3]?]) => Promise<void> = async (
    state,
    more,
  ) => {
    stage.pass(1000);
    await node.sync([node.seen(uid, generation, state, more)]);
  };
  const events = async (query: { limit?: string; cursor?: string } = {}) =>
    bodyOf(await stage.api.instances.events({ params, query }));
  const codes = async () => (await events()).map(({ code }) => code);
  return { node, runner, uid, generation, params, say, events, codes };
}

describe('the events of an instance', () => {
  it('tell its whole life in order, with who, which job, how it ended and why', async () => {
    const { node, uid, generation, params, say, events, codes } = await placed();
    const me = bodyOf(await stage.api.common.me());

    await say('pulling');
    stage.pass(1000);
    bodyOf(await node.claim(uid, generation));
    for (const state of ['created', 'running', 'listening'] as const) await say(state);
    await say('busy', { job: 'build' });
    expect(await codes()).toEqual([
      'requested',
      'pulling',
      'claimed',
      'created',
      'started',
      'listening',
      'job_started',
    ]);
    await say('listening', { job: 'build', job_result: 'Failed' });
    await say('exited', { exit_code: 0, reason: { code: 'job_completed', detail: 'The runner did its job.' } });
    await say('gone');
    stage.pass(1000);
    bodyOf(await stage.api.instances.remove({ params }));

    const all = await events();
    expect(all.slice(6)).toMatchObject([
      { code: 'job_started', by: null, data: { job: 'build' } },
      { code: 'job_ended', detail: 'The job "build" ended: Failed.', data: { job: 'build', result: 'Failed' } },
      { code: 'exited', detail: 'The runner did its job.', data: { exit_code: 0, reason: 'job_completed' } },
      { code: 'removed', by: null },
      { code: 'deleted', by: me.uid },
    ]);
    expect(all[0]).toMatchObject({ code: 'requested', by: me.uid });
    const times = all.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted());
  });

  it('keep every job of a runner that takes many, and every attempt that came to nothing', async () => {
    const { node, uid, generation, say, events, codes } = await placed({ ephemeral: false });
    stage.pass(1000);
    bodyOf(await node.claim(uid, generation));
    await say('refused', { retryable: true, reason: { code: 'create_failed', detail: 'No space left.' } });
    stage.pass(minute);
    bodyOf(await node.claim(uid, generation));
    await say('running');
    await say('listening');
    for (const job of ['build', 'test', 'deploy']) {
      await say('busy', { job });
      await say('listening', { job, job_result: 'Succeeded' });
    }

    const job = ['job_started', 'job_ended'];
    expect(await codes()).toEqual([
      ...['requested', 'claimed', 'attempt_failed', 'claimed', 'started', 'listening'],
      ...[...job, ...job, ...job],
    ]);
    const all = await events();
    expect(all.filter(({ code }) => code === 'job_ended').map(({ data }) => data.job)).toEqual([
      'build',
      'test',
      'deploy',
    ]);
    expect(all[2]).toMatchObject({ detail: 'No space left.', data: { reason: 'create_failed', attempts: 1 } });
  });

  it('come in pages, each once, wherever they are kept', async () => {
    const { node, uid, generation, params, say, events } = await placed({ ephemeral: false });
    bodyOf(await node.claim(uid, generation));
    await say('listening');
    for (const job of ['one', 'two', 'three', 'four']) {
      await say('busy', { job });
      await say('listening', { job, job_result: 'Succeeded' });
    }
    const whole = await events();

    const paged: typeof whole = [];
    let cursor: string | undefined;
    do {
      const answer = await stage.api.instances.events({ params, query: { limit: '3', ...(cursor && { cursor }) } });
      paged.push(...bodyOf(answer));
      cursor = /[?&]cursor=([^&>]+)/.exec(answer.headers.get('link') ?? '')?.[1];
    } while (cursor);

    expect(whole).toHaveLength(3 + 1 + 8);
    expect(paged).toEqual(whole);
  });

  it('tell that its node was rung, by whoever asked and by the sweep, as long as that has not answered', async () => {
    let heard = 0;
    const execute = async () => {
      heard++;
      return { status: 'Success', responseCode: 0, stdout: '', stderr: '' } as const;
    };
    const { instanceId: bell } = aws.ssm.register({ execute });
    const node = await stage.node();
    await node.sync([], { bell });
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const params = { org_id: stage.org, runner_id: runner, instance_id: uid };
    const events = async () => bodyOf(await stage.api.instances.events({ params }));
    const codes = async () => (await events()).map(({ code }) => code);

    expect(await codes()).toEqual(['requested', 'rung']);
    expect((await events())[1]).toMatchObject({ detail: 'Node-01 was rung.', by: null, data: {} });
    await expect.poll(() => heard).toBe(1);
    stage.pass(minute);
    await stage.cloud.sweep();
    expect(await codes()).toEqual(['requested', 'rung', 'rung']);
    await expect.poll(() => heard).toBe(2);

    stage.pass(1000);
    const told = (await node.sync([], { bell })).desired.find((one) => one.uid === uid);
    bodyOf(await node.claim(uid, told?.generation ?? 0));
    await node.sync([node.seen(uid, told?.generation ?? 0, 'listening')], { bell });
    stage.pass(minute);
    await stage.cloud.sweep();
    const all = await codes();
    expect(all.slice(0, 4)).toEqual(['requested', 'rung', 'rung', 'claimed']);
    expect(all.filter((code) => code === 'rung')).toHaveLength(2);
  });

  it('tell of no ring of a node that has no bell, or whose bell does not answer', async () => {
    const { runner, uid, codes, node } = await placed();
    const unknown = await stage.node();
    await unknown.sync([], { bell: 'mi-0123456789abcdef0' });
    const other = await stage.instance(runner, unknown.uid);
    stage.pass(minute);
    await stage.cloud.sweep();

    expect(await codes()).toEqual(['requested']);
    const params = { org_id: stage.org, runner_id: runner, instance_id: other };
    expect(bodyOf(await stage.api.instances.events({ params })).map(({ code }) => code)).toEqual(['requested']);
    expect((await node.toldOf(uid))?.want).toBe('run');
  });

  it('tell of refused claims, and stay when the instance has been deleted', async () => {
    const { node, uid, generation, params, say, codes } = await placed();
    await node.start(uid);
    stage.pass(1000);
    refusedWith('claim.started', await node.claim(uid, generation));
    stage.pass(1000);
    await say('busy', { job: 'build' });
    stage.pass(1000);
    bodyOf(await stage.api.instances.remove({ params, query: { force: 'true' } }));
    stage.pass(1000);
    const told = await node.toldOf(uid);
    await node.sync([node.seen(uid, told?.generation ?? 0, 'gone')]);

    expect(await codes()).toEqual([
      ...['requested', 'claimed', 'started', 'listening'],
      ...['claim_started', 'job_started', 'deleted', 'removed'],
    ]);
  });

  it('of what is not there are 404', async () => {
    refusedWith(
      'instance.not-found',
      await stage.api.instances.events({
        params: { org_id: stage.org, runner_id: crypto.randomUUID(), instance_id: crypto.randomUUID() },
      }),
    );
  });
});
