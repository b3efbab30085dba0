import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { agentFolder } from '#infra/attachments.ts';
import { type Bundles, bundle } from '#infra/bundle.ts';
import { describeFunctions } from '#infra/functions.ts';

const folder = mkdtempSync(join(tmpdir(), 'rp-bundles-'));
let bundles: Bundles;
let ids: readonly string[];
beforeAll(async () => {
  await buildAgent(agentFolder);
  ids = (await describeFunctions()).map(({ id }) => id);
  bundles = await bundle(ids, folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const inputsOf = (id: string): readonly string[] => Object.keys(bundles.outputOf(id)?.inputs ?? {});
const bytesFrom = (id: string, part: RegExp): number =>
  Object.entries(bundles.outputOf(id)?.inputs ?? {})
    .filter(([path]) => part.test(path))
    .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);

test('each is at most 400 KB', () => {
  const sizes = ids.map((id) => [id, statSync(`${bundles.folderOf(id)}/index.js`).size]);

  expect(sizes.filter(([, bytes]) => Number(bytes) > 400 * 1024)).toEqual([]);
});

test.each([
  ['a native addon', /\.node$/],
  ['undici', /node_modules\/undici\//],
  ['zod’s locales but English', /zod\/v4\/locales\/(?!en\.js)/],
  ['zod’s own namespace twice', /zod\/(?:v3|index\.cjs|mini)/],
  ['the SDK’s credential chain', /@aws-sdk\/credential-provider-(?!env)/],
  ['event streams', /event-streams\/(?!index)|eventstream-codec/],
  ['a CommonJS half of the SDK, which can not be trimmed', /@(?:aws-sdk|smithy)\/.*\/dist-cjs\//],
  ['the local cloud, the infrastructure or tests', /^(?:local|test|infra\/(?!bundle\/))/],
])('none holds %s', (_, path) => {
  expect(ids.flatMap((id) => inputsOf(id).filter((input) => path.test(input) && bytesFrom(id, path) > 0))).toEqual([]);
});

test('what a bundle holds is what its function is handed: each client of AWS is only where it is used', () => {
  const clients = (id: string): string[] =>
    [...new Set(inputsOf(id).flatMap((input) => /@aws-sdk\/client-([a-z-]+)\//.exec(input)?.[1] ?? []))].sort();

  expect(clients('nodes.list')).toEqual(['dynamodb']);
  expect(clients('auth.login')).toEqual(['dynamodb', 'kms']);
  expect(clients('agent.credentials')).toEqual(['dynamodb', 'sts']);
  expect(clients('instances.logs')).toEqual(['cloudwatch-logs', 'dynamodb']);
  expect(clients('system.fallback')).toEqual([]);
  expect(ids.filter((id) => clients(id).includes('sts'))).toEqual(['agent.credentials']);
});

test('source maps are beside the artefacts, and no artefact names one', () => {
  for (const id of ids) {
    expect(statSync(`${bundles.folderOf(id)}/index.js.map`).size, id).toBeGreaterThan(0);
    expect(readFileSync(`${bundles.folderOf(id)}/index.js`, 'utf8').slice(-200), id).not.toContain('sourceMappingURL');
  }
});
