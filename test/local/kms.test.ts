import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  type MessageType,
  SignCommand,
} from '@aws-sdk/client-kms';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { startAws } from '#test/local/aws/server.ts';

const signing = { KeyId: 'alias/test-signing', SigningAlgorithm: 'ECDSA_SHA_256' } as const;
const data = { KeyId: 'alias/test-data' };
const context = { organization: 'gt', purpose: 'runner' };

test.each<MessageType>(['RAW', 'DIGEST'])(
  'a signature over a message given %s is verified by the public key',
  async (MessageType) => {
    await using aws = await startAws();
    const kms = new KMSClient(aws.client);
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: signing.KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });

    for (let round = 0; round < 50; round += 1) {
      const message = Buffer.from(`message ${round}`);
      const Message = MessageType === 'RAW' ? message : createHash('sha256').update(message).digest();
      const { Signature } = await kms.send(new SignCommand({ ...signing, Message, MessageType }));
      expect(verify('sha256', message, key, Buffer.from(Signature ?? []))).toBe(true);
      expect(verify('sha256', Buffer.from('another'), key, Buffer.from(Signature ?? []))).toBe(false);
    }
  },
);

test('a token signed by the key is verified by the published JWK, whose kid is its thumbprint', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const [jwk] = aws.kms.publicJwks().keys;
  if (!jwk) throw new Error('no key');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', kid: jwk.kid })}.${part({ sub: 'u1' })}`;

  const { Signature } = await kms.send(new SignCommand({ ...signing, Message: Buffer.from(signed) }));

  // JOSE wants r and s side by side, KMS gives them as DER.
  const der = Buffer.from(Signature ?? []);
  const r = der.subarray(4, 4 + (der[3] ?? 0));
  const s = der.subarray(der.length - (der[5 + (der[3] ?? 0)] ?? 0));
  const half = (bytes: Buffer) => Buffer.concat([Buffer.alloc(32), bytes]).subarray(-32);
  const token = `${signed}.${Buffer.concat([half(r), half(s)]).toString('base64url')}`;
  expect((await jwtVerify(token, await importJWK(jwk))).payload.sub).toBe('u1');
  expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
  expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk));
});

test('a data key comes back only with the context that it was made with', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const made = await kms.send(new GenerateDataKeyCommand({ ...data, KeySpec: 'AES_256', EncryptionContext: context }));
  const CiphertextBlob = made.CiphertextBlob;
  expect(made.Plaintext).toHaveLength(32);

  const reordered = { purpose: 'runner', organization: 'gt' };
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }));

  expect(opened.Plaintext).toEqual(made.Plaintext);
  expect(opened.KeyId).toBe(aws.kms.dataKeyArn);
  for (const wrong of [undefined, {}, { organization: 'nt', purpose: 'runner' }, { ...context, more: '1' }]) {
    const refused = kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: wrong }));
    await expect(refused).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  }
});

test('a changed ciphertext is refused, whichever byte it is', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ ...data, Plaintext: Buffer.from('secret') }));
  const blob = Buffer.from(CiphertextBlob ?? []);
  expect(Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob: blob }))).Plaintext ?? []).toString()).toBe(
    'secret',
  );

  for (let index = 0; index < blob.length; index += 1) {
    const changed = Buffer.from(blob);
    changed[index] = (changed[index] ?? 0) ^ 1;
    const refused = kms.send(new DecryptCommand({ CiphertextBlob: changed }));
    await expect(refused, `byte ${index}`).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  }
});

test('keys answer to id, ARN, alias and alias ARN, and to nothing else', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const arn = aws.kms.signingKeyArn;
  const prefix = arn.slice(0, arn.indexOf(':key/'));

  for (const KeyId of [arn, arn.split('/')[1], signing.KeyId, `${prefix}:${signing.KeyId}`]) {
    expect((await kms.send(new GetPublicKeyCommand({ KeyId }))).KeyId).toBe(arn);
  }
  for (const KeyId of ['alias/other', 'b2c9d0a5-0000-4000-8000-000000000000', `${arn}0`]) {
    await expect(kms.send(new GetPublicKeyCommand({ KeyId }))).rejects.toMatchObject({ name: 'NotFoundException' });
  }
});

test('a key does only what it is for', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const Message = Buffer.from('m');
  const wrong = [
    kms.send(new SignCommand({ ...signing, ...data, Message })),
    kms.send(new EncryptCommand({ KeyId: signing.KeyId, Plaintext: Message })),
    kms.send(new GenerateDataKeyCommand({ KeyId: signing.KeyId, KeySpec: 'AES_256' })),
    kms.send(new SignCommand({ ...signing, SigningAlgorithm: 'ECDSA_SHA_512', Message })),
  ];

  for (const call of wrong) await expect(call).rejects.toMatchObject({ name: 'InvalidKeyUsageException' });
  await expect(kms.send(new GetPublicKeyCommand(data))).rejects.toMatchObject({
    name: 'UnsupportedOperationException',
  });
});

test('a digest of another length and a message over 4096 bytes are refused', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client);
  const digest = new SignCommand({ ...signing, Message: Buffer.alloc(31), MessageType: 'DIGEST' });
  const long = new SignCommand({ ...signing, Message: Buffer.alloc(4097) });

  await expect(kms.send(digest)).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(kms.send(long)).rejects.toMatchObject({ name: 'ValidationException' });
});

test('keys are the same after a restart, and only their owner can read the files', async () => {
  const first = await startAws();
  const { dataFolder } = first;
  const kms = new KMSClient(first.client);
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ ...data, Plaintext: Buffer.from('kept') }));
  const jwks = first.kms.publicJwks();
  await first.stop();

  await using second = await startAws({ dataFolder });

  const { Plaintext } = await new KMSClient(second.client).send(new DecryptCommand({ CiphertextBlob }));
  expect(Buffer.from(Plaintext ?? []).toString()).toBe('kept');
  expect(second.kms.publicJwks()).toEqual(jwks);
  const keys = join(dataFolder, 'keys');
  expect(statSync(keys).mode & 0o777).toBe(0o700);
  const modes = readdirSync(keys).map((name) => [name, statSync(join(keys, name)).mode & 0o777]);
  expect(Object.fromEntries(modes)).toEqual({
    'installation.json': 0o600,
    'kms-data.json': 0o600,
    'kms-signing.json': 0o600,
    'sts.json': 0o600,
  });
});
