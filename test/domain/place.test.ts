import { describe, expect, it } from 'vitest';
import { type Candidate, place } from '#domain/place.ts';
import { nodeRow } from './rows.ts';

const now = 1_760_530_200_000;
const online = { seen_at: now, poll_seconds: 60 };
const late = { seen_at: now - 200_000, poll_seconds: 60 };
const silent = { seen_at: now - 900_000, poll_seconds: 60 };

const node = (
  name: string,
  given: Partial<Candidate['node']> = {},
  roster: Candidate['roster'] = online,
): Candidate => ({
  node: nodeRow({ uid: name, name, ...given }),
  roster,
});

describe('an instance is placed', () => {
  it('on the emptiest node, or on the fullest that has room', () => {
    const nodes = [
      node('a', { instances: 2 }),
      node('b', { instances: 1 }),
      node('c', { instances: 3, max_instances: 3 }),
    ];

    expect(place(nodes, now, 'spread')).toEqual({ node: 'b' });
    expect(place(nodes, now, 'binpack')).toEqual({ node: 'a' });
  });

  it('on one that is connected before one that is late, however full', () => {
    expect(place([node('a', {}, late), node('b', { instances: 9 })], now, 'spread')).toEqual({ node: 'b' });
    expect(place([node('a', {}, late)], now, 'spread')).toEqual({ node: 'a' });
  });

  it('nowhere, with the reason of each node', () => {
    const nodes = [
      node('a', { status: 'inactive' }),
      node('b', { instances: 4, max_instances: 4 }),
      { node: nodeRow({ uid: 'c', name: 'c' }), roster: undefined },
      node('d', {}, silent),
      node('e', { deleting_at: now }),
    ];

    expect(place(nodes, now, 'spread')).toEqual({
      none: 'No node can take the instance: a is inactive; b has 4 of at most 4 instances; c has never connected; d is unreachable; e is being deleted.',
    });
    expect(place([], now, 'spread')).toEqual({ none: expect.stringMatching(/has no node/) });
  });

  it('only where there are the labels and the architecture that its runner needs', () => {
    const facts = (architecture: 'x64' | 'arm64') => ({ ...online, facts: { architecture } });
    const nodes = [
      node('a', { labels: ['gpu'] }, facts('x64')),
      node('b', { labels: ['gpu', 'ssd'], instances: 5 }, facts('arm64')),
      node('c', {}, facts('arm64')),
      node('d', { labels: ['gpu', 'ssd'] }),
    ];

    expect(place(nodes, now, 'spread', { node_labels: ['gpu'], architecture: 'arm64' })).toEqual({ node: 'b' });
    expect(place(nodes, now, 'spread', { node_labels: ['gpu', 'ssd', 'tpu'], architecture: 'arm64' })).toEqual({
      none: 'No node can take the instance: a lacks the labels ssd, tpu; b lacks the label tpu; c lacks the labels gpu, ssd, tpu; d lacks the label tpu.',
    });
    expect(place(nodes, now, 'spread', { node_labels: ['ssd'], architecture: 'x64' })).toEqual({
      none: 'No node can take the instance: a lacks the label ssd; b is arm64, and not x64; c lacks the label ssd; d has not told its architecture.',
    });
  });

  it('on none that is being drained', () => {
    const drain = { since: now, by: 'jane', note: 'New disks' };

    expect(place([node('a', { drain })], now, 'spread')).toEqual({
      none: 'No node can take the instance: a is being drained (New disks).',
    });
  });
});
