import { describe, expect, it } from 'vitest';
import { type Boots, settlesInMs } from '#domain/node.ts';

const now = 1_000_000_000;
const roster = (more: Partial<Boots>): Boots => ({ seen_at: now, poll_seconds: 60, boot_id: 'a', ...more });

describe('whether a machine is the only one with its token', () => {
  it.each<[string, Partial<Boots>, string, number]>([
    ['is known of the one that was always there', {}, 'a', 0],
    ['is not known of another that comes right after it', { seen_at: now - 10_000 }, 'b', 85_000],
    ['is known once that one has been silent for longer than it would be', { seen_at: now - 95_000 }, 'b', 0],
    ['is not known by having come twice', { boot_id: 'b', previous_seen_at: now - 70_000 }, 'b', 25_000],
    ['is known after a while', { boot_id: 'b', previous_seen_at: now - 100_000 }, 'b', 0],
    ['is not known of either while two take turns', { boot_id: 'b', cloned_at: now - 60_000 }, 'b', 540_000],
  ])('%s', (_, seen, boot, inMs) => {
    expect(settlesInMs(roster(seen), boot, now)).toBe(inMs);
  });
});
