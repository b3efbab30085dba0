import { createHmac, createPublicKey, generateKeyPairSync, sign as signWith } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenVerifier, unsignedToken } from '#runtime/token.ts';
import { type Forge, forgeries } from './forgeries.ts';

const now = Date.UTC(2026, 0, 1);
const deployment = 'b6c1d2e3f4a5';
const session = { user: '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a', tokenVersion: 3 };

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
const jwk = { kty: 'EC', crv: 'P-256', kid: 'first', x, y } as const;
const { verify } = tokenVerifier({ keys: [jwk] }, deployment);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const es256 = (text: string, key = pair.privateKey) =>
  signWith('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
const unsigned = unsignedToken(session, 'first', deployment, now);
const token = `${unsigned}.${es256(unsigned)}`;

const forge: Forge = {
  token,
  encode,
  header: { alg: 'ES256', kid: 'first', typ: 'JWT' },
  claims: JSON.parse(Buffer.from(unsigned.split('.')[1] ?? '', 'base64url').toString()),
  sign: es256,
  signAsStranger: (text) => es256(text, stranger.privateKey),
  strangerJwk: stranger.publicKey.export({ format: 'jwk' }),
  hmacWithPublicKey: (text) =>
    createHmac('sha256', createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))
      .update(text)
      .digest('base64url'),
};

describe('an access token', () => {
  test('says who, and of which generation of their sessions', async () => {
    expect(await verify(token, now)).toEqual(session);
  });

  test('is good for an hour and 5 s of tolerance', async () => {
    await expect(verify(token, now + 3_604_000)).resolves.toEqual(session);
    await expect(verify(token, now + 3_606_000)).rejects.toMatchObject({ code: 'token.invalid' });
  });

  test.each(forgeries(forge))('is refused: %s', async (_how, forged) => {
    await expect(verify(forged, now)).rejects.toMatchObject({ code: 'token.invalid' });
  });

  test('is refused with any bit flipped', async () => {
    const bytes = Buffer.from(token);
    const flips = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      return flipped.toString('latin1');
    });

    const outcomes = await Promise.allSettled(flips.map((flipped) => verify(flipped, now)));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([]);
  });

  test('is refused whatever is spliced into it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 8 }), async (at, piece) => {
        fc.pre(!token.startsWith(piece, at));
        const spliced = token.slice(0, at) + piece + token.slice(at + piece.length);
        await expect(verify(spliced, now)).rejects.toMatchObject({ code: 'token.invalid' });
      }),
      { numRuns: 1000 },
    );
  });

  test('of another installation is worth nothing here', async () => {
    const theirs = unsignedToken(session, 'first', 'ffffffffffff', now);

    await expect(verify(`${theirs}.${es256(theirs)}`, now)).rejects.toMatchObject({ code: 'token.invalid' });
  });

  test('of the key before is good while both keys are there', async () => {
    const next = stranger.publicKey.export({ format: 'jwk' });
    const second = { kty: 'EC', crv: 'P-256', kid: 'second', x: next.x ?? '', y: next.y ?? '' } as const;
    const both = tokenVerifier({ keys: [second, jwk] }, deployment);

    await expect(both.verify(token, now)).resolves.toEqual(session);
  });
});
