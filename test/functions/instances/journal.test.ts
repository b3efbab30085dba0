import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { type Line, write } from './journal-writer.ts';
import { minute, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

async function running() {
  const node = await stage.node();
  const runner = await stage.runner();
  const uid = await stage.instance(runner, node.uid);
  const generation = await node.start(uid);
  const params = { org_id: stage.org, runner_id: runner, instance_id: uid };
  return { node, runner, uid, generation, params };
}

const beat = (...samples: readonly (readonly [uid: string, cpu: number])[]) =>
  JSON.stringify({ instances: samples.map(([uid, cpu]) => ({ uid, cpu, memory: 70.2, disk: 80.1 })) });

describe('metrics', () => {
  it('are none before the first sample, with when to look again', async () => {
    const { params } = await running();

    const answer = await stage.api.instances.metrics({ params });

    refusedWith('metrics.none-yet', answer);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('are the latest sample of the instance, whatever other beats the node has sent', async () => {
    const { node, uid, params } = await running();
    const now = Date.now();
    await write(node, `node/${node.uid}`, [
      [now - 3000, beat([uid, 10], ['other', 99])],
      [now - 2000, beat(['other', 99], [uid, 45.54])],
      [now - 1000, beat(['other', 99])],
      [now - 500, 'not JSON at all'],
    ]);

    const answer = bodyOf(await stage.api.instances.metrics({ params }));

    expect(answer).toEqual({
      cpu_usage: 45.5,
      memory_usage: 70.2,
      disk_usage: 80.1,
      timestamp: new Date(now - 2000).toISOString(),
    });
  });

  it('stay within their bounds, whatever the node says', async () => {
    const { node, uid, params } = await running();
    await write(node, `node/${node.uid}`, [[Date.now(), beat([uid, 1e300])]]);

    expect(bodyOf(await stage.api.instances.metrics({ params })).cpu_usage).toBe(100);
  });

  it('are the last one after its end', async () => {
    const { node, uid, generation, params } = await running();
    await write(node, `node/${node.uid}`, [[Date.now(), beat([uid, 12])]]);
    await node.sync([node.seen(uid, generation, 'exited'), node.seen(uid, generation, 'gone')]);
    stage.pass(50 * minute);

    expect(bodyOf(await stage.api.instances.metrics({ params })).cpu_usage).toBe(12);
  });
});

describe('logs', () => {
  const line = (seq: number, level = 'INFO') => JSON.stringify({ seq, level, message: `line ${seq}` });
  const seqs = (answer: Awaited<ReturnType<Stage['api']['instances']['logs']>>) => bodyOf(answer).map(({ seq }) => seq);
  const link = (answer: { headers: Headers }, rel: string): string | undefined => {
    const found = new RegExp(`<([^>]+)>; rel="${rel}"`).exec(answer.headers.get('link') ?? '')?.[1];
    return found && (new URL(found).searchParams.get('cursor') ?? undefined);
  };

  it('are empty before the first line', async () => {
    const { params } = await running();

    expect(bodyOf(await stage.api.instances.logs({ params }))).toEqual([]);
  });

  it('are the newest lines in order, each once, and lead to the older and the newer ones', async () => {
    const { node, uid, params } = await running();
    const start = Date.now() - 10_000;
    const lines = Array.from({ length: 50 }, (_, i): Line => [start + Math.floor(i / 3), line(i + 1)]);
    await write(node, `instance/${uid}`, lines);
    await write(node, `instance/${uid}`, lines.slice(20, 40));

    const newest = await stage.api.instances.logs({ params, query: { limit: '20' } });
    const older = await stage.api.instances.logs({ params, query: { limit: '20', cursor: link(newest, 'prev') } });
    const oldest = await stage.api.instances.logs({ params, query: { limit: '20', cursor: link(older, 'prev') } });

    expect(seqs(newest)).toEqual(Array.from({ length: 20 }, (_, i) => i + 31));
    expect(seqs(older)).toEqual(Array.from({ length: 20 }, (_, i) => i + 11));
    expect(seqs(oldest)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
    expect(link(oldest, 'prev')).toBeUndefined();
    const back = await stage.api.instances.logs({ params, query: { limit: '20', cursor: link(oldest, 'next') } });
    expect(seqs(back)).toEqual(seqs(older));

    const end = await stage.api.instances.logs({ params, query: { cursor: link(newest, 'next') } });
    expect(seqs(end)).toEqual([]);
    await write(node, `instance/${uid}`, [[Date.now(), line(51)]]);
    const followed = await stage.api.instances.logs({ params, query: { cursor: link(end, 'next') } });
    expect(seqs(followed)).toEqual([51]);
  });

  it('are filtered by level and time', async () => {
    const { node, uid, params } = await running();
    const start = Date.now() - 10_000;
    await write(
      node,
      `instance/${uid}`,
      Array.from({ length: 30 }, (_, i): Line => [start + i * 100, line(i + 1, i % 10 === 0 ? 'ERROR' : 'INFO')]),
    );

    const errors = await stage.api.instances.logs({ params, query: { level: 'ERROR', limit: '2' } });
    const between = { since: new Date(start + 500).toISOString(), until: new Date(start + 800).toISOString() };

    expect(seqs(errors)).toEqual([11, 21]);
    const rest = await stage.api.instances.logs({
      params,
      query: { level: 'ERROR', limit: '2', cursor: link(errors, 'prev') },
    });
    expect(seqs(rest)).toEqual([1]);
    expect(seqs(await stage.api.instances.logs({ params, query: between }))).toEqual([6, 7, 8]);
  });

  it('stay readable once the instance is deleted, and their cursors are good for no other', async () => {
    const one = await running();
    const other = await running();
    await write(one.node, `instance/${one.uid}`, [[Date.now(), line(1)]]);
    const page = await stage.api.instances.logs({ params: one.params });
    bodyOf(await stage.api.instances.remove({ params: one.params }));
    const told = await one.node.toldOf(one.uid);
    await one.node.sync([one.node.seen(one.uid, told?.generation ?? 0, 'gone')]);

    expect(seqs(await stage.api.instances.logs({ params: one.params }))).toEqual([1]);
    const cursor = link(page, 'next');
    refusedWith('request.malformed', await stage.api.instances.logs({ params: other.params, query: { cursor } }));
    refusedWith('request.malformed', await stage.api.instances.logs({ params: one.params, query: { cursor: 'x' } }));
  });

  it('show what a node writes without control sequences, also where it is none of ours', async () => {
    const { node, uid, params } = await running();
    await write(node, `instance/${uid}`, [
      [Date.now() - 10, 'raw \u001b[31mred'],
      [Date.now(), JSON.stringify({ seq: 7, level: 'WARN', message: '\u001b]0;title\u0007plain' })],
    ]);

    const messages = bodyOf(await stage.api.instances.logs({ params })).map(({ message }) => message);

    expect(messages).toEqual(['raw red', 'plain']);
  });
});
