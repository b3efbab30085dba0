import { expect, test } from 'vitest';
import { sign } from '#agent/telemetry/signature.ts';
import { readClaim, verifySignature } from '#local/aws/sigv4.ts';

const now = new Date('2026-11-24T06:33:10.123Z');
const keys = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' };
const call = {
  url: new URL('https://logs.eu-central-1.amazonaws.com/'),
  region: 'eu-central-1',
  service: 'logs',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.PutLogEvents' },
  body: '{"logGroupName":"ünï"}',
};
/** The verification is the local cloud's: written apart from this, and held against AWS's SDK. */
const verify = (headers: Record<string, string>, body: string, secret: string) => {
  const request = { method: 'POST', path: '/', headers, body: Buffer.from(body) };
  const claim = readClaim(request, { region: 'eu-central-1', service: 'logs' }, now.getTime());
  verifySignature(request, claim, secret);
  return claim;
};

test('a signature is accepted by whoever has the key, and covers every header', () => {
  const claim = verify(sign(call, keys, now), call.body, keys.secretAccessKey);

  expect(claim.accessKeyId).toBe('ASIAEXAMPLE');
  expect(claim.signedHeaders).toEqual(['content-type', 'host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']);
});

test('another key, body, target or session is refused', () => {
  const headers = sign(call, keys, now);

  expect(() => verify(headers, call.body, 'other')).toThrow('does not match');
  expect(() => verify(headers, `${call.body} `, keys.secretAccessKey)).toThrow('does not match');
  for (const header of ['x-amz-target', 'x-amz-security-token']) {
    expect(() => verify({ ...headers, [header]: 'other' }, call.body, keys.secretAccessKey)).toThrow('does not match');
  }
});
