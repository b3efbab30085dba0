import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { refused } from '../actors.ts';
import { bodyOf } from '../instances/bodies.ts';
import { openStage, pat, type Stage } from '../instances/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('a node is told what it may come to run, newest first, as it is when it asks', async () => {
  const node = await stage.node({ labels: ['gpu'] });
  const params = { org_id: stage.org };
  await stage.runner(pat, { docker_image: 'a:1' });
  const changing = await stage.runner(pat, { docker_image: 'b:1', node_labels: ['gpu'] });
  await stage.runner(pat, { docker_image: 'c:1', node_labels: ['fast'] });
  await stage.runner(pat, { docker_image: 'd:1', prepull: false });

  const before = bodyOf(await node.api.agent.images());
  bodyOf(await stage.api.runners.change({ params: { ...params, runner_id: changing }, body: { docker_image: 'b:2' } }));
  const after = bodyOf(await node.api.agent.images());
  bodyOf(await stage.api.nodes.change({ params: { ...params, node_id: node.uid }, body: { status: 'inactive' } }));

  expect(before).toEqual({ images: ['b:1', 'a:1'], dind: false, again_seconds: expect.any(Number) });
  expect(after.images).toEqual(['b:2', 'a:1']);
  expect(bodyOf(await node.api.agent.images()).images).toEqual([]);
});

test('a node that may give its jobs Docker daemons is told to have their image', async () => {
  const node = await stage.node();
  await stage.runner(pat, { docker_image: 'builder:1', docker: 'dind' });
  const params = { org_id: stage.org, node_id: node.uid };

  const before = bodyOf(await node.api.agent.images());
  bodyOf(await stage.api.nodes.change({ params, body: { allow: ['dind'] } }));
  const after = bodyOf(await node.api.agent.images());

  expect([before.dind, before.images.includes('builder:1')]).toEqual([false, false]);
  expect([after.dind, after.images.includes('builder:1')]).toEqual([true, true]);
});

test('nobody but a node is told', async () => {
  const node = await stage.node();
  const stranger = client({ url: stage.cloud.url, token: `${node.uid}.${'a'.repeat(43)}` });

  expect(refused(await stranger.agent.images()).code).toBe('token.invalid');
});
