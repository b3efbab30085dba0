import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImages as createImagesOf } from '#agent/node/images.ts';
import { createPruning } from '#agent/node/pruning.ts';
import { openState } from '#agent/state.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { describeWithEngine } from '#test/engine.ts';
import { type Registry, startRegistry } from '#test/journeys/registry.ts';
import { engine, eventually } from '../machine.ts';

describeWithEngine('images that are pulled', () => {
  let registry: Registry;
  const added: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'rp-images-'));
  let hold: (name: string) => Promise<void> = async () => undefined;
  beforeAll(async () => {
    await makeDemoImages();
    registry = await startRegistry({ hold: (name) => hold(name) });
  });
  afterAll(async () => {
    for (const image of added) await engine.removeImage(image).catch(() => undefined);
    await registry?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const createImages = (of: typeof engine) => {
    const state = openState(mkdtempSync(join(folder, 'state-')));
    const info = () => undefined;
    return createImagesOf(of, createPruning({ engine: of, state, info, freePercent: 10, warn: () => undefined }));
  };
  const add = async (): Promise<string> => {
    const image = await registry.add(plainImage, `held/${randomUUID().slice(0, 8)}`, '1');
    added.push(image);
    return image;
  };
  const puller = (node = 'n1') => ({
    owner: { deployment: 'test', organization: 'acme', node },
    login: async () => undefined,
    signal: new AbortController().signal,
    onPull: () => undefined,
  });
  const pullsOf = (image: string) => registry.pulls.get(image.slice(registry.host.length + 1, -2)) ?? 0;
  /** Lets nobody have the manifest of an image before the end. */
  const heldBack = (image: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let asked = false;
    hold = (name) => {
      if (!image.includes(name)) return Promise.resolve();
      asked = true;
      return promise;
    };
    return { end: resolve, asked: () => asked };
  };

  test('by many at once are pulled once, and not at all where they are', async () => {
    const images = createImages(engine);
    const image = await add();

    const got = await Promise.all([1, 2, 3].map(() => images.ensure(image, { ...puller(), policy: undefined })));

    expect(new Set(got.map((one) => ('Id' in one ? one.Id : one.code))).size).toBe(1);
    expect(pullsOf(image)).toBe(1);
    expect(await images.ahead(image, puller())).toBe('there');
    expect(pullsOf(image)).toBe(1);
  });

  test('ahead wait for those that an instance wants', async () => {
    const images = createImages(engine);
    const [wanted, spare] = [await add(), await add()];
    const held = heldBack(wanted);
    const wants = images.ensure(wanted, { ...puller(), policy: undefined });
    await eventually('it is being pulled', held.asked);

    const ahead = images.ahead(spare, puller());
    held.end();

    expect(await wants).toHaveProperty('Id');
    expect(await ahead).toBe('pulled');
  });

  test('ahead are given up for one that an instance wants, but go on for one that wants the same', async () => {
    const images = createImages(engine);
    const [wanted, spare, same] = [await add(), await add(), await add()];
    const held = heldBack(spare);
    const ahead = images.ahead(spare, puller());
    await eventually('it is being pulled', held.asked);

    expect(await images.ensure(wanted, { ...puller(), policy: undefined })).toHaveProperty('Id');
    expect(await ahead).toBe('interrupted');
    held.end();

    const again = heldBack(same);
    const joined = images.ahead(same, puller());
    await eventually('it is being pulled', again.asked);
    const wants = images.ensure(same, { ...puller(), policy: undefined });
    again.end();
    expect(await joined).toBe('pulled');
    expect(await wants).toHaveProperty('Id');
    expect(pullsOf(same)).toBe(1);
  });
});
