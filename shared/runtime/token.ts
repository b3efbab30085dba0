import { type CryptoKey, decodeProtectedHeader, importJWK, type JWK, jwtVerify } from 'jose';
import * as z from 'zod';
import { problem } from '#domain/problem.ts';

/** How long an access token is good. */
export const tokenTtlSeconds = 3600;
const clockToleranceSeconds = 5;
const longestToken = 2048;

/** Whom access tokens are for. */
export const audience = 'runner-pilot';

/** Who makes them: this installation, so that one installation's tokens are worth nothing at another. */
export const issuerOf = (deployment: string): string => `urn:runner-pilot:${deployment}`;

/** What a token says: who, and of which generation of their sessions. */
export interface Session {
  readonly user: string;
  readonly tokenVersion: number;
}

/** Public keys by which tokens are checked; the first is that of the key that signs now. */
export const Jwks = z.object({
  keys: z
    .array(
      z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string().min(1), x: z.string(), y: z.string() }),
    )
    .min(1),
});
export type Jwks = z.output<typeof Jwks>;

const Claims = z.object({
  sub: z.string().min(1).max(64),
  aud: z.literal(audience),
  ver: z.int().min(0),
  iat: z.int(),
  exp: z.int(),
});
const parts = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const allowedHeader = new Set(['alg', 'kid', 'typ']);

// Base64url leaves bits of the last character unused (RFC 4648, 3.5): only the canonical spelling of a token is one.
const canonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

const refuse = () => problem('token.invalid', 'The access token is not valid, or has expired. Log in again.');

/** What is signed: header and payload of a token. */
export function unsignedToken(session: Session, kid: string, deployment: string, now: number): string {
  const iat = Math.floor(now / 1000);
  const { user: sub, tokenVersion: ver } = session;
  const payload = { iss: issuerOf(deployment), aud: audience, sub, ver, iat, exp: iat + tokenTtlSeconds };
  return [{ alg: 'ES256', kid, typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

/** Checks access tokens: ES256 by one of our keys, of this installation, at most an hour old; else `token.invalid`. */
export function tokenVerifier(jwks: Jwks, deployment: string) {
  const imported = new Map<string, Promise<CryptoKey | Uint8Array>>();
  const keyOf = (jwk: Jwks['keys'][number]) => {
    const known = imported.get(jwk.kid) ?? importJWK({ ...jwk } satisfies JWK, 'ES256');
    imported.set(jwk.kid, known);
    return known;
  };

  async function verify(token: string, now: number): Promise<Session> {
    if (token.length > longestToken || !parts.test(token) || !canonical(token)) throw refuse();
    const header = decodeProtectedHeader(token);
    const jwk = jwks.keys.find(({ kid }) => kid === header.kid);
    if (!jwk || !Object.keys(header).every((name) => allowedHeader.has(name))) throw refuse();
    const { payload } = await jwtVerify(token, await keyOf(jwk), {
      algorithms: ['ES256'],
      issuer: issuerOf(deployment),
      audience,
      requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub'],
      typ: 'JWT',
      maxTokenAge: tokenTtlSeconds,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now),
    });
    const { sub, ver, iat, exp } = Claims.parse(payload);
    if (exp - iat > tokenTtlSeconds) throw refuse();
    return { user: sub, tokenVersion: ver };
  }

  return {
    verify: (token: string, now: number): Promise<Session> =>
      verify(token, now).catch(() => {
        // Why a token does not fit is nobody's business who holds one that does not.
        throw refuse();
      }),
  };
}
