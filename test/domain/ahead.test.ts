import { expect, test } from 'vitest';
import { aheadLimits, aheadOf } from '#domain/ahead.ts';

type Runner = Parameters<typeof aheadOf>[1][number];

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

  expect(aheadOf(arm, runners).images).toEqual(['a:1', 'b:1']);
});

test('not those of runners that say so, that never pull, or that are going', () => {
  const runners = [
    runner('a:1', { prepull: false }),
    runner('b:1', { pull_policy: 'never' }),
    runner('c:1', { deleting_at: 1 }),
    runner('d:1', { prepull: true, pull_policy: 'always' }),
  ];

  expect(aheadOf(arm, runners).images).toEqual(['d:1']);
});

test('it is to have the image of Docker daemons where it allows them, and nothing for what it does not allow', () => {
  const runners = [runner('a:1'), runner('b:1', { docker: 'dind' }), runner('c:1', { docker: 'socket' })];
  const allowing = (...allow: ('dind' | 'socket')[]) => ({ ...arm, node: { ...node, allow } });

  expect(aheadOf(arm, runners)).toEqual({ images: ['a:1'], dind: false });
  expect(aheadOf(allowing('dind'), runners)).toEqual({ images: ['a:1', 'b:1'], dind: true });
  expect(aheadOf(allowing('socket'), runners)).toEqual({ images: ['a:1', 'c:1'], dind: false });
  expect(aheadOf(allowing('dind'), [runner('b:1', { docker: 'dind', prepull: false })]).dind).toBe(false);
});

test.each([
  ['inactive', { status: 'inactive' as const }],
  ['being emptied', { drain: { since: 1, by: 'john' } as never }],
  ['being deleted', { deleting_at: 1 }],
])('a node that is %s is to have none', (_what, more) => {
  expect(aheadOf({ node: { ...node, ...more }, roster: undefined }, [runner('a:1')]).images).toEqual([]);
});

test('there are no more than the limit, the newest', () => {
  const runners = Array.from({ length: 50 }, (_, index) => runner(`a:${index}`));

  expect(aheadOf(arm, runners).images).toEqual(runners.slice(0, aheadLimits.images).map((one) => one.docker_image));
});
