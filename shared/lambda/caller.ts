import { createHash, timingSafeEqual } from 'node:crypto';
import { problem } from '#domain/problem.ts';
import type { User } from '#domain/user.ts';
import { type GatewayEvent, headerOf } from './event.ts';

/** A user with a token that is ours; `user` is read from the table, and rejects if the token was ended. */
export interface UserCaller {
  readonly uid: string;
  readonly user: Promise<User>;
}

/** A node that says who it is; whoever reads its agent's row asks whether it `proves` that. */
export interface NodeCaller {
  readonly node: string;
  /** Whether the secret of the token is that of a hash (SHA-256, hex), in constant time. */
  proves(tokenHash: string | undefined): boolean;
}

/** The hash under which the secret of a node's token and an enrollment code are stored: SHA-256, hex. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

// RFC 6750, 2.1, with the blank of RFC 9110, 11.4.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The bearer token of a request. */
export function bearerOf(event: GatewayEvent): string {
  const header = headerOf(event, 'authorization');
  if (header === undefined || header === '') {
    throw problem(
      'token.missing',
      'Send the header "Authorization: Bearer <access_token>"; POST /auth/login gives one.',
    );
  }
  const token = header.length <= 4096 ? bearer.exec(header)?.[1] : undefined;
  if (token === undefined)
    throw problem('token.invalid', 'The Authorization header has to be "Bearer <access_token>".');
  return token;
}

const nodeToken = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{16,128})$/;

/** Reads the token of a node: `<node uid>.<secret>`. */
export function nodeCallerOf(event: GatewayEvent): NodeCaller {
  const [, node, secret] = nodeToken.exec(bearerOf(event)) ?? [];
  if (node === undefined || secret === undefined) {
    throw problem('token.invalid', 'The token has to be that of a node: "<node uid>.<secret>". Enroll the node anew.');
  }
  const mine = Buffer.from(hashOf(secret));
  return {
    node,
    proves: (tokenHash) => {
      const theirs = Buffer.from(tokenHash ?? '');
      return theirs.length === mine.length && timingSafeEqual(theirs, mine);
    },
  };
}

/** Refuses a node whose token is not that of its agent's row; one that is being told apart says nothing of the row. */
export function assertProven<A extends { readonly token_hash?: string | undefined }>(
  caller: NodeCaller,
  agent: A | undefined,
): asserts agent is A {
  if (caller.proves(agent?.token_hash)) return;
  throw problem('token.invalid', 'The token is not that of a node of this installation. Enroll the node anew.');
}

/** What belongs to a node, once its token is proven. */
export function proven<T extends { readonly agent: { readonly token_hash?: string | undefined } }>(
  caller: NodeCaller,
  found: T | undefined,
): T {
  assertProven(caller, found?.agent);
  // No token proves to be that of a node that is not there.
  if (found) return found;
  throw problem('token.invalid', 'The token is not that of a node of this installation. Enroll the node anew.');
}
