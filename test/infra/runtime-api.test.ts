import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startFunction } from './runtime-api.ts';

async function artefact(code: string): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'rp-artefact-'));
  await writeFile(join(folder, 'index.js'), code);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('a handler is called with event and context, in a process that has only its own environment', async () => {
  await using made = await artefact(`exports.handler = async (event, context) => ({
    event, home: process.env.HOME, own: process.env.OWN, left: context.getRemainingTimeInMillis() > 1000 });`);
  await using running = await startFunction({ folder: made.folder, name: 'Try', environment: { OWN: 'yes' } });

  const answers = [await running.invoke({ n: 1 }), await running.invoke({ n: 2 })];

  expect(answers).toEqual([
    { event: { n: 1 }, own: 'yes', left: true },
    { event: { n: 2 }, own: 'yes', left: true },
  ]);
});

test('what a handler throws is told, and the next event is still answered', async () => {
  await using made = await artefact(
    `exports.handler = async (event) => { if (event.bad) throw new TypeError('bad'); return 'good'; };`,
  );
  await using running = await startFunction({ folder: made.folder, name: 'Try', environment: {} });

  await expect(running.invoke({ bad: true })).rejects.toThrow('bad');
  await expect(running.invoke({})).resolves.toBe('good');
});

test.each([
  [
    'takes a callback, which Node 24 has dropped',
    'exports.handler = (event, context, callback) => callback();',
    /callback/,
  ],
  ['needs a package that is not in it', "require('zod'); exports.handler = async () => 1;", /Cannot find module 'zod'/],
  ['exports no handler', 'exports.other = 1;', /not a function/],
])('an artefact that %s does not start', async (_, code, message) => {
  await using made = await artefact(code);

  await expect(startFunction({ folder: made.folder, name: 'Try', environment: {} })).rejects.toThrow(message);
});
