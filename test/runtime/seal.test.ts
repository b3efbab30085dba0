import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secret } from '#domain/secret.ts';
import { seal, unseal } from '#runtime/seal.ts';

const key = randomBytes(32);
const place = { org: 'GT', subject: 'r1', field: 'github_runner_token' };

test('whatever is sealed opens as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 4096 }), (text) => {
      fc.pre(text.isWellFormed());
      expect(unseal(key, place, seal(key, place, secret(text))).reveal()).toBe(text);
    }),
  );
});

test('the same value is sealed differently each time', () => {
  expect(seal(key, place, secret('x'))).not.toBe(seal(key, place, secret('x')));
});

test.each([
  ['organization', { ...place, org: 'NT' }],
  ['subject', { ...place, subject: 'r2' }],
  ['field', { ...place, field: 'other' }],
])('what was sealed for one %s opens for no other', (_what, other) => {
  expect(() => unseal(key, other, seal(key, place, secret('x')))).toThrow();
});

test('no other key and no changed bit opens it', () => {
  const sealed = seal(key, place, secret('ghr_1234567890abcdef'));
  const bytes = Buffer.from(sealed.slice(3), 'base64url');

  expect(() => unseal(randomBytes(32), place, sealed)).toThrow();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8((flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => unseal(key, place, `v1.${flipped.toString('base64url')}`)).toThrow();
  }
});

test.each(['', 'v1.', 'v2.AAAA', 'v1.AAAA', 'AAAA'])('%j is of no known form', (sealed) => {
  expect(() => unseal(key, place, sealed)).toThrow('not of a known form');
});
