import type { Login, User } from '#domain/user.ts';

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
