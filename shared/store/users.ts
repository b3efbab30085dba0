import * as z from 'zod';
import { problem } from '#domain/problem.ts';
import { Login, User } from '#domain/user.ts';
import { absent, exists } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { put, update } from './steps.ts';

/** What registering takes; `canonical` is the form of the e-mail in which it is unique. */
export interface Registration {
  readonly full_name: string;
  readonly email: string;
  readonly canonical: string;
  readonly password_hash: string;
}

/** People, and what they log in with. */
export interface Users {
  /** Registers somebody; `email.taken` if the canonical e-mail is registered already. One transaction. */
  register(registration: Registration): Promise<User>;
  /** What a login is checked against: one read. */
  findLogin(canonical: string): Promise<Login | undefined>;
  /** Somebody by uid, with the token version: one consistent read. */
  find(uid: string): Promise<User | undefined>;
  /** Ends all sessions: tokens of the version before are refused from the next request on. */
  endSessions(uid: string): Promise<void>;
}

const StoredUser = User.extend({ canonical: z.string() });

/** Rows of users; they know the claim that their e-mail is. */
export const userRow = rowType('user', StoredUser);
const loginRow = rowType('login', Login);

/** A user as everybody else sees them. */
export const readUser = (row: Parameters<typeof userRow.read>[0]): User => {
  const { canonical: _, ...user } = userRow.read(row);
  return user;
};

/** Makes the repository of users. */
export const users = (link: Link): Users => ({
  async register({ canonical, password_hash, email, full_name }) {
    const user: User = { uid: link.newId(), email, full_name, token_version: 1, created_at: link.now() };
    const login: Login = { uid: user.uid, email, full_name, password_hash, token_version: user.token_version };
    await link.transact([
      put(loginRow.write(keys.email(canonical), login), absent(), () =>
        problem('email.taken', `The e-mail "${email}" is registered already. Log in, or use another one.`),
      ),
      put(userRow.write(keys.user(user.uid), { ...user, canonical }), absent()),
    ]);
    return user;
  },

  async findLogin(canonical) {
    const row = await link.get(keys.email(canonical));
    return row && loginRow.read(row);
  },

  async find(uid) {
    const row = await link.get(keys.user(uid));
    return row && readUser(row);
  },

  async endSessions(uid) {
    const row = await link.get(keys.user(uid));
    if (!row) return;
    // Both rows: a login reads one of them, every other request the other.
    await link.transact([
      update(keys.user(uid), { add: { token_version: 1 } }, exists()),
      update(keys.email(userRow.read(row).canonical), { add: { token_version: 1 } }, exists()),
    ]);
  },
});
