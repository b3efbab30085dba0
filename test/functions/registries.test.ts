import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from './actors.ts';
import { bodyOf } from './instances/bodies.ts';
import type { FakeNode } from './instances/fake-node.ts';
import { openStage, type Stage } from './instances/stage.ts';

const canary = 'canaryCanaryRegistryPassword0001';
const image = 'ghcr.io/gigatech/builder:3';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const at = (host: string) => ({ org_id: stage.org, host });
const put = (host: string, body: object, headers = {}) => stage.api.registries.put({ params: at(host), body, headers });

describe('the login of a registry', () => {
  test('is shown without its password, which lies nowhere', async () => {
    const made = bodyOf(await put('GHCR.io', { username: 'bot', password: canary }));
    const got = await stage.api.registries.get({ params: at('ghcr.io') });
    const listed = await stage.api.registries.list({ params: { org_id: stage.org } });

    expect(made).toEqual({
      host: 'ghcr.io',
      username: 'bot',
      created_at: expect.any(String),
      changed_at: made.created_at,
    });
    expect(bodyOf(got)).toEqual(made);
    expect(got.headers.get('etag')).toBe('"1"');
    expect(bodyOf(listed)).toEqual([made]);
    const files = await readdir(stage.cloud.dataDir, { recursive: true, withFileTypes: true });
    const found = files.filter((one) => one.isFile()).map(({ parentPath, name }) => readFile(join(parentPath, name)));
    expect((await Promise.all(found)).filter((bytes) => bytes.includes(canary))).toEqual([]);
  });

  test('is changed by what is named; the same again, or what an edit form sends, is no change', async () => {
    const before = bodyOf(await put('one.example', { username: 'bot', password: 'first' }));

    const same = await put('one.example', { username: 'bot', password: 'first' });
    const form = await put('one.example', before);
    stage.pass(1000);
    const renamed = await put('one.example', { username: 'other' }, { 'if-match': '"1"' });
    const stale = await put('one.example', { password: 'second' }, { 'if-match': '"1"' });

    expect([same, form].map(({ headers }) => headers.get('etag'))).toEqual(['"1"', '"1"']);
    expect(bodyOf(form)).toEqual(before);
    expect(renamed.headers.get('etag')).toBe('"2"');
    expect(bodyOf(renamed)).toMatchObject({ username: 'other', created_at: before.created_at });
    expect(bodyOf(renamed).changed_at).not.toBe(before.changed_at);
    expect(refused(stale).code).toBe('version.stale');
  });

  test('takes both for a new one, a host that can be one, and says nothing of what was sent', async () => {
    const half = refused(await put('new.example', { username: 'bot' }));
    const noHost = refused(await put('registry', { username: 'bot', password: canary }));
    const wrong = refused(await put('new.example', { username: 'a:b', password: `${canary}\0` }));

    expect(half).toMatchObject({ code: 'request.invalid', errors: [{ path: 'body.password' }] });
    expect(noHost.errors).toMatchObject([{ path: 'path.host', message: expect.stringContaining('"ghcr.io"') }]);
    expect(wrong.errors?.map(({ path }) => path)).toEqual(['body.username', 'body.password']);
    expect(JSON.stringify(wrong)).not.toContain(canary);
  });

  test('is gone once it is deleted, and was never another organization’s', async () => {
    await put('two.example', { username: 'bot', password: 'x' });
    const stranger = await stage.stranger();

    const theirs = await stranger.api.registries.get({ params: { org_id: stranger.org, host: 'two.example' } });
    bodyOf(await stage.api.registries.remove({ params: at('two.example') }));

    expect(refused(theirs).code).toBe('registry.not-found');
    expect(refused(await stage.api.registries.get({ params: at('two.example') })).code).toBe('registry.not-found');
    expect(refused(await stage.api.registries.remove({ params: at('two.example') })).code).toBe('registry.not-found');
  });
});

describe('a node is told it', () => {
  let node: FakeNode;
  let instance: string;
  let runner: string;
  beforeAll(async () => {
    await put('ghcr.io', { username: 'bot', password: canary });
    node = await stage.node();
    runner = await stage.runner(undefined, { docker_image: image, prepull: false });
    instance = await stage.instance(runner, node.uid);
  });
  const ask = (who: FakeNode, of: string) => who.api.agent.registry({ body: { image: of } });

  test('for an image that it is to run, and for no other', async () => {
    const told = bodyOf(await ask(node, image));
    const others = await Promise.all(['ghcr.io/gigatech/builder:4', 'ubuntu:22.04'].map((of) => ask(node, of)));

    expect(told).toEqual({ login: { host: 'ghcr.io', username: 'bot', password: canary } });
    expect(others.map((answer) => refused(answer).code)).toEqual(['image.not-wanted', 'image.not-wanted']);
  });

  test('and no other node is', async () => {
    expect(refused(await ask(await stage.node(), image)).code).toBe('image.not-wanted');
  });

  test('never by a sync, and not once the instance is to go', async () => {
    const told = await node.sync();
    await stage.api.instances.remove({ params: { org_id: stage.org, runner_id: runner, instance_id: instance } });

    expect(JSON.stringify(told)).not.toContain(canary);
    expect(refused(await ask(node, image)).code).toBe('image.not-wanted');
  });

  test('for an image that it may come to run, too', async () => {
    await stage.runner(undefined, { docker_image: 'ghcr.io/gigatech/next:1', node_labels: ['fast'] });
    const fast = await stage.node({ labels: ['fast'] });

    expect(bodyOf(await ask(fast, 'ghcr.io/gigatech/next:1')).login).toMatchObject({ password: canary });
    expect(refused(await ask(node, 'ghcr.io/gigatech/next:1')).code).toBe('image.not-wanted');
  });

  test('or that there is none', async () => {
    const plain = await stage.runner(undefined, { docker_image: 'quay.io/a/b:1' });
    await stage.instance(plain, node.uid);

    expect(bodyOf(await ask(node, 'quay.io/a/b:1'))).toEqual({ login: null });
  });
});
