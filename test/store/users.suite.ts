import { expect, it } from 'vitest';
import { type Suite, together } from './world.ts';

/** What must hold of users on every engine. */
export const users: Suite = (world) => {
  const john = { full_name: 'John Doe', email: 'John@example.com', canonical: 'john@example.com', password_hash: '$a' };

  it('registers somebody, and finds them by e-mail and by uid', async () => {
    const { table, clock } = world();

    const user = await table.users.register(john);

    expect(user).toMatchObject({ full_name: 'John Doe', email: 'John@example.com', created_at: clock.now });
    expect(await table.users.find(user.uid)).toEqual(user);
    expect(await table.users.findLogin('john@example.com')).toEqual({
      uid: user.uid,
      email: 'John@example.com',
      full_name: 'John Doe',
      password_hash: '$a',
      token_version: 1,
    });
  });

  it('knows nobody under another e-mail or uid', async () => {
    const { table } = world();

    expect(await table.users.findLogin('nobody@example.com')).toBeUndefined();
    expect(await table.users.find('nobody')).toBeUndefined();
  });

  it('gives an e-mail to one of a hundred who want it at once, and leaves nothing of the others', async () => {
    const { table, rows } = world();
    const canonical = 'wanted@example.com';

    const { won, refused } = await together(100, () =>
      table.users.register({ full_name: 'X', email: canonical, canonical, password_hash: '$a' }),
    );

    expect(won).toHaveLength(1);
    expect(new Set(refused)).toEqual(new Set(['email.taken']));
    const users = (await rows()).filter((row) => row.canonical === canonical);
    expect(users.map((row) => row.uid)).toEqual([won[0]?.uid]);
    expect((await table.users.findLogin(canonical))?.uid).toBe(won[0]?.uid);
  });

  it('ends all sessions: the version moves for logins and for requests', async () => {
    const { table } = world();
    const canonical = 'sessions@example.com';
    const { uid } = await table.users.register({ ...john, email: canonical, canonical });

    await table.users.endSessions(uid);

    expect((await table.users.find(uid))?.token_version).toBe(2);
    expect((await table.users.findLogin(canonical))?.token_version).toBe(2);
  });
};
