import { describe, expect, it, vi } from 'vitest';
import type { Member } from '#domain/organization.ts';
import { systemScope, within } from '#store/scope.ts';
import { aScope, scopeOf } from './world.ts';

const later = <T>(settle: () => T): Promise<T> => new Promise((resolve) => setImmediate(resolve)).then(settle);
const stranger = new Error('not a member');
const notFound = new Error('not found');
const rejecting = (error: Error) => (): Member => {
  throw error;
};

describe('reading within an organization', () => {
  it('gives what was read to a member', async () => {
    expect(await within(aScope('gt'), Promise.resolve('read'))).toBe('read');
  });

  it('needs no membership for what the control plane does itself', async () => {
    expect(await within(systemScope('GT'), Promise.resolve('read'))).toBe('read');
    expect(systemScope('GT').org).toBe('gt');
  });

  it('lets go of nothing before the membership is known', async () => {
    let admit: (member: Member) => void = () => {};
    const member = new Promise<Member>((resolve) => {
      admit = resolve;
    });
    const done = vi.fn();
    const read = within(scopeOf('gt', member), Promise.resolve('read')).then(done);

    await later(() => undefined);
    expect(done).not.toHaveBeenCalled();
    admit({ org: 'gt', uid: 'u', role: 'viewer', created_at: 0 });
    await read;
    expect(done).toHaveBeenCalledWith('read');
  });

  it.each([
    ['first', () => within(scopeOf('gt', Promise.reject(stranger)), later(rejecting(notFound)))],
    ['last', () => within(scopeOf('gt', later(rejecting(stranger))), Promise.reject(notFound))],
    ['and the read succeeds', () => within(scopeOf('gt', later(rejecting(stranger))), Promise.resolve('read'))],
  ])('tells the membership’s error where that fails %s, and leaves no rejection unhandled', async (_when, read) => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);

    await expect(read()).rejects.toBe(stranger);

    await later(() => undefined);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('tells the read’s error to a member', async () => {
    await expect(within(aScope('gt'), Promise.reject(notFound))).rejects.toBe(notFound);
  });
});
