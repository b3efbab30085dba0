import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** Where ids and random secrets come from. */
export interface Ids {
  /** A UUIDv7: later ones sort after earlier ones, also within one millisecond of one process. */
  uid(): string;
  /** Random bytes in base64url: 32 of them are 43 characters. */
  token(bytes: number): string;
}

/** Ids from the machine's source of randomness. */
export const systemIds: Ids = Object.freeze({
  uid: () => v7(),
  token: (bytes: number) => randomBytes(bytes).toString('base64url'),
});
