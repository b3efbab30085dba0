import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readStages } from '#infra/stage.ts';

async function stagesFile(stages: unknown): Promise<{ url: URL } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'rp-stages-'));
  const path = join(folder, 'stages.local.json');
  await writeFile(path, JSON.stringify(stages));
  return { url: pathToFileURL(path), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('without a file there is one stage, called prod', () => {
  expect(readStages(new URL('file:///nowhere/stages.local.json')).map(({ name }) => name)).toEqual(['prod']);
});

test('the tracked example is a file that works', () => {
  const stages = readStages(new URL('../../stages.example.json', import.meta.url));

  expect(stages.map(({ name, removal }) => [name, removal])).toEqual([
    ['prod', 'retain'],
    ['trial', 'destroy'],
  ]);
});

test.each([
  ['a name that names of resources can not have', [{ name: 'Prod!' }], 'at most 16'],
  ['an option that nobody knows', [{ name: 'prod', retention: 3 }], 'retention'],
  ['two stages of one name', [{ name: 'prod' }, { name: 'prod' }], 'the same name'],
  [
    'a retention that CloudWatch does not have',
    [{ name: 'prod', retentionDays: { nodes: 31 } }],
    'retentionDays.nodes',
  ],
  [
    'a throttle for an operation that is not there',
    [{ name: 'prod', throttleOf: { 'no.such': { rate: 1, burst: 1 } } }],
    'throttleOf',
  ],
  [
    'a current key that is not among the keys',
    [{ name: 'prod', signing: { keys: ['a'], current: 'b' } }],
    'signing.current',
  ],
  ['three signing keys', [{ name: 'prod', signing: { keys: ['a', 'b', 'c'], current: 'a' } }], 'signing.keys'],
])('%s is refused, by name', async (_, stages, message) => {
  await using file = await stagesFile(stages);

  expect(() => readStages(file.url)).toThrow(message);
});
