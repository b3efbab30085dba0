import { expect, test } from 'vitest';
import { aheadLimits, imagesAhead } from '#domain/ahead.ts';

type Runner = Parameters<typeof imagesAhead>[1][number];

const node = { status: 'active' as const, labels: ['gpu'] };
const arm = { node, roster: { facts: { architecture: 'arm64' } as never } };
const runner = (docker_image: string, more: Partial<Runner> = {}): Runner => ({ docker_image, ...more });

test('a node is to have the images of runners that could be placed on it, each once', () => {
  const runners = [
    runner('a:1'),
    runner('b:1', { node_labels: ['gpu'], architecture: 'arm64' }),
    runner('a:1'),
    runner('c:1', { node_labels: ['fast'] }),
    runner('d:1', { architecture: 'x64' }),
  ];

  expect(imagesAhead(arm, runners)).toEqual(['a:1', 'b:1']);
});

test('not those of runners that say so, that never pull, or that are going', () => {
  const runners = [
    runner('a:1', { prepull: false }),
    runner('b:1', { pull_policy: 'never' }),
    runner('c:1', { deleting_at: 1 }),
    runner('d:1', { prepull: true, pull_policy: 'always' }),
  ];

  expect(imagesAhead(arm, runners)).toEqual(['d:1']);
});

test.each([
  ['inactive', { status: 'inactive' as const }],
  ['being emptied', { drain: { since: 1, by: 'john' } as never }],
  ['being deleted', { deleting_at: 1 }],
])('a node that is %s is to have none', (_what, more) => {
  expect(imagesAhead({ node: { ...node, ...more }, roster: undefined }, [runner('a:1')])).toEqual([]);
});

test('there are no more than the limit, the newest', () => {
  const runners = Array.from({ length: 50 }, (_, index) => runner(`a:${index}`));

  expect(imagesAhead(arm, runners)).toEqual(runners.slice(0, aheadLimits.images).map((one) => one.docker_image));
});
