import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { joseSignature } from '#cloud/signer.ts';

test('every DER signature becomes one of JOSE that verifies', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  // Lengths of r and s vary with leading zeros: 500 signatures have seen short and long ones.
  for (let n = 0; n < 500; n++) {
    const text = Buffer.from(String(n));
    const jose = joseSignature(sign('sha256', text, privateKey));

    expect(jose).toHaveLength(64);
    expect(verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jose)).toBe(true);
  }
});

test.each([
  ['nothing', ''],
  ['no sequence', '0400'],
  ['an integer that is longer than what there is', '30060220ff0101'],
  ['a number of another curve', `3026022100${'ff'.repeat(33)}020101`],
])('%s is no signature', (_what, hex) => {
  expect(() => joseSignature(Buffer.from(hex, 'hex'))).toThrow('The signature is not');
});
