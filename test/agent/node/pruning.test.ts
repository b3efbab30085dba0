import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineAddress } from '#agent/engine/address.ts';
import { createEngine, type Engine } from '#agent/engine/engine.ts';
import { createImages, type Images } from '#agent/node/images.ts';
import { createPruning, type Pruning } from '#agent/node/pruning.ts';
import { type AgentState, openState } from '#agent/state.ts';
import { callEngine } from '#local/demo/engine.ts';
import { tar } from '#local/demo/tar.ts';
import { type Registry, startRegistry } from '#test/journeys/registry.ts';
import { describeWithMachine } from '#test/machine.ts';
import { type SmallEngine, startSmallEngine } from '#test/small-engine.ts';
import { eventually } from '../machine.ts';

const imageMegabytes = 20;

// 320 MB in all: an image takes 20, and while it is pulled some more.
describeWithMachine('when the disk of images runs full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rp-pruning-'));
  let small: SmallEngine;
  let engine: Engine;
  let registry: Registry;
  let state: AgentState;
  const said: string[] = [];

  beforeAll(async () => {
    small = await startSmallEngine(320);
    engine = createEngine(engineAddress(`unix://${small.socket}`));
    registry = await startRegistry({ socket: small.socket });
    state = openState(folder);
  }, 60_000);
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await small?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await callEngine(small.socket, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.body}`);
    return answer.body;
  };
  /** An image of its own content: it is in the registry, and not on the engine. */
  const publish = async (name: string): Promise<string> => {
    const archive = tar([{ path: 'data', content: randomBytes(imageMegabytes * 1e6) }]);
    await call('POST', '/images/create?fromSrc=-&repo=made&tag=1', archive);
    const image = await registry.add('made:1', name, '1');
    await call('DELETE', '/images/made:1');
    return image;
  };
  const usedPercent = async () => {
    const { blocks, bavail } = statfsSync((await engine.info()).DockerRootDir);
    return ((blocks - bavail) / blocks) * 100;
  };
  /** As an agent that wants so much free; until then it lets everything be. */
  const agent = (freePercent: number): { pruning: Pruning; images: Images } => {
    const info = { DockerRootDir: root };
    const warn = (what: string) => said.push(what);
    const pruning = createPruning({ engine, state, info: () => info, freePercent, warn });
    return { pruning, images: createImages(engine, pruning) };
  };
  let root = '';
  const puller = {
    owner: { deployment: 'test', organization: 'acme', node: 'n1' },
    login: async () => undefined,
    signal: new AbortController().signal,
    onPull: () => undefined,
    policy: undefined,
  };
  const isThere = async (image: string) => (await engine.findImage(image)) !== undefined;

  test('what only the agent has pulled goes, the longest unused first, and nothing else', async () => {
    root = (await engine.info()).DockerRootDir;
    const lazy = agent(1);
    const names = ['before', 'first', 'second', 'tagged', 'contained', 'held', 'third'] as const;
    const images = Object.fromEntries(await Promise.all(names.map(async (name) => [name, ''] as const))) as Record<
      (typeof names)[number],
      string
    >;
    for (const name of names) images[name] = await publish(`a/${name}`);
    await call('POST', `/images/create?${new URLSearchParams({ fromImage: images.before.slice(0, -2), tag: '1' })}`);
    for (const name of names) {
      expect(await lazy.images.ensure(images[name], puller)).toHaveProperty('Id');
    }
    await call('POST', `/images/${images.tagged}/tag?repo=mine&tag=1`);
    await call('POST', '/containers/create?name=uses', { Image: images.contained, Cmd: ['/data'] });
    // Used again: the second is now the one that has been unused for longest.
    lazy.pruning.used((await engine.findImage(images.first))?.Id ?? '');

    const strict = agent(99);
    const letGo = strict.pruning.hold(images.held);
    const [before, goal] = [await usedPercent(), (await usedPercent()) - 4];
    await agent(Math.round(100 - goal)).pruning.look();
    const gone = await Promise.all(names.map(async (name) => [name, await isThere(images[name])] as const));

    expect(await usedPercent()).toBeLessThan(before);
    expect(Object.fromEntries(gone)).toMatchObject({ second: false, first: true, third: true, before: true });
    expect(said.filter((line) => line.includes('a/second'))).toEqual([
      expect.stringMatching(/Removed the image .*a\/second:1, unused since .*: [1-9]\d MB came free/),
    ]);

    await strict.pruning.look();
    const left = await Promise.all(names.map(async (name) => [name, await isThere(images[name])] as const));
    expect(Object.fromEntries(left)).toEqual({
      before: true,
      first: false,
      second: false,
      tagged: true,
      contained: true,
      held: true,
      third: false,
    });
    expect(said.at(-1)).toMatch(/no image of ours can go/);

    letGo();
    await call('DELETE', '/images/mine:1');
    await call('DELETE', '/containers/uses?force=true');
    await strict.pruning.look();
    expect(await Promise.all(names.map((name) => isThere(images[name])))).toEqual([true, ...Array(6).fill(false)]);
    expect(state.images()).toEqual({});
  }, 120_000);

  test('nothing is pulled ahead, and what had to go is not pulled ahead again', async () => {
    const image = await publish('a/spare');

    expect(await agent(60).images.ahead(image, puller)).toBe('no room');
    const roomy = agent(1);
    expect(await roomy.images.ahead(image, puller)).toBe('pulled');
    await roomy.pruning.makeRoom();
    expect(await isThere(image)).toBe(false);
    expect(await roomy.images.ahead(image, puller)).toBe('no room');
    expect(await roomy.images.ensure(image, puller)).toHaveProperty('Id');
    await agent(99).pruning.look();
  }, 60_000);

  test('a pull that finds no space makes room for the next attempt', async () => {
    const lazy = agent(1);
    let refused: unknown;
    const pulled: string[] = [];
    while (refused === undefined && pulled.length < 20) {
      const image = await publish(`b/${pulled.length}`).catch((error) => {
        // It is the publishing that finds none: make some, as somebody would.
        if (/no space left/.test(`${error}`)) return undefined;
        throw error;
      });
      if (image === undefined) break;
      const got = await lazy.images.ensure(image, puller);
      if ('code' in got) refused = got;
      else pulled.push(image);
    }
    const there = await Promise.all(pulled.map(isThere));

    expect(refused).toMatchObject({ code: 'image_pull_failed', retryable: true });
    expect(there[0]).toBe(false);
    await eventually('it is told', () => said.some((line) => /Removed the image .*b\/0:1/.test(line)));
  }, 120_000);

  test('an agent that is started anew remembers what it has pulled', () => {
    const again = openState(folder);

    expect(Object.keys(again.images())).not.toEqual([]);
    expect(again.images()).toEqual(state.images());
  });
});
