import { createPublicKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { awsFault } from './aws/fault.ts';
import { operation } from './aws/operation.ts';
import type { AwsService } from './aws.ts';
import { signDigest, signMessage } from './kms/ecdsa.ts';
import { type Context, decrypt, encrypt, keyIdOf } from './kms/envelope.ts';
import {
  type DataKey,
  findKey,
  type Key,
  loadDataKey,
  loadSigningKey,
  type PublicJwk,
  publicJwkOf,
  type SigningKey,
} from './kms/keys.ts';

/** What {@link openKms} needs. */
export interface KmsOptions {
  /** The data folder: key files are in its `keys`. */
  readonly dataFolder: string;
  readonly region: string;
  readonly accountId: string;
  /** `alias/…` of the key that signs. */
  readonly signingAlias: string;
  /** `alias/…` of the key that encrypts. */
  readonly dataAlias: string;
}

const KeyId = z.string().min(1).max(2048);
const Blob = z.base64().transform((text) => Buffer.from(text, 'base64'));
const EncryptionContext = z.record(z.string(), z.string()).optional();
const EncryptionAlgorithm = z
  .enum(['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'])
  .optional();
const algorithm = 'ECDSA_SHA_256';

/** AWS KMS, with one key that signs and one that encrypts. */
export function openKms(options: KmsOptions): AwsService & {
  readonly signingKeyArn: string;
  readonly dataKeyArn: string;
  /** What verifiers need to know: the value of a JWK set. */
  publicJwks(): { keys: PublicJwk[] };
} {
  const arnPrefix = `arn:aws:kms:${options.region}:${options.accountId}`;
  const folder = { path: join(options.dataFolder, 'keys'), arnPrefix };
  const signing = loadSigningKey(folder, 'signing', options.signingAlias);
  const data = loadDataKey(folder, 'data', options.dataAlias);
  const keys = [signing, data];

  const resource = (input: { KeyId?: string | undefined }): string =>
    input.KeyId === undefined ? `${arnPrefix}:key/*` : findKey(keys, arnPrefix, input.KeyId).arn;
  const forSigning = (name: string, action: string): SigningKey => {
    const key = findKey(keys, arnPrefix, name);
    return key.spec === 'ECC_NIST_P256' ? key : unusable(key, action);
  };
  const forData = (name: string, action: string): DataKey => {
    const key = findKey(keys, arnPrefix, name);
    return key.spec === 'SYMMETRIC_DEFAULT' ? key : unusable(key, action);
  };
  const seal = (key: DataKey, plaintext: Buffer, context: Context = {}): object => ({
    CiphertextBlob: encrypt(key.id, key.material, plaintext, context).toString('base64'),
    KeyId: key.arn,
  });

  const operations = {
    Sign: operation(
      z.object({
        KeyId,
        Message: Blob.refine(
          (bytes) => bytes.length >= 1 && bytes.length <= 4096,
          'Member must have length between 1 and 4096',
        ),
        MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
        SigningAlgorithm: z.string(),
      }),
      resource,
      (input) => {
        const key = forSigning(input.KeyId, 'Sign');
        if (input.SigningAlgorithm !== algorithm) {
          const why = `Algorithm ${input.SigningAlgorithm} and key spec ${key.spec} are incompatible with each other.`;
          throw awsFault('InvalidKeyUsageException', why);
        }
        if (input.MessageType === 'DIGEST' && input.Message.length !== 32) {
          throw awsFault('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`);
        }
        const sign = input.MessageType === 'DIGEST' ? signDigest : signMessage;
        const signature = sign(input.Message, key.privateKey).toString('base64');
        return { KeyId: key.arn, Signature: signature, SigningAlgorithm: algorithm };
      },
    ),

    GetPublicKey: operation(z.object({ KeyId }), resource, (input) => {
      const key = findKey(keys, arnPrefix, input.KeyId);
      if (key.spec !== 'ECC_NIST_P256') throw awsFault('UnsupportedOperationException');
      const publicKey = createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' });
      return {
        KeyId: key.arn,
        PublicKey: publicKey.toString('base64'),
        CustomerMasterKeySpec: key.spec,
        KeySpec: key.spec,
        KeyUsage: 'SIGN_VERIFY',
        SigningAlgorithms: [algorithm],
      };
    }),

    Encrypt: operation(
      z.object({
        KeyId,
        Plaintext: Blob.refine(
          (bytes) => bytes.length >= 1 && bytes.length <= 4096,
          'Member must have length between 1 and 4096',
        ),
        EncryptionContext,
        EncryptionAlgorithm,
      }),
      resource,
      (input) => {
        const key = forData(input.KeyId, 'Encrypt');
        checkAlgorithm(input.EncryptionAlgorithm, key);
        return { ...seal(key, input.Plaintext, input.EncryptionContext), EncryptionAlgorithm: key.spec };
      },
    ),

    GenerateDataKey: operation(
      z.object({
        KeyId,
        KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
        NumberOfBytes: z.int().min(1).max(1024).optional(),
        EncryptionContext,
      }),
      resource,
      (input) => {
        if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
          throw awsFault('ValidationException', 'Please specify either number of bytes or key spec.');
        }
        const key = forData(input.KeyId, 'GenerateDataKey');
        const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
        return { ...seal(key, plaintext, input.EncryptionContext), Plaintext: plaintext.toString('base64') };
      },
    ),

    Decrypt: operation(
      z.object({
        CiphertextBlob: Blob.refine(
          (bytes) => bytes.length >= 1 && bytes.length <= 6144,
          'Member must have length between 1 and 6144',
        ),
        KeyId: KeyId.optional(),
        EncryptionContext,
        EncryptionAlgorithm,
      }),
      resource,
      (input) => {
        const id = keyIdOf(input.CiphertextBlob);
        const key = keys.find((one) => one.id === id);
        if (key?.spec !== 'SYMMETRIC_DEFAULT') throw awsFault('InvalidCiphertextException');
        if (input.KeyId !== undefined && forData(input.KeyId, 'Decrypt').id !== key.id) {
          const why = 'The key ID in the request does not identify a CMK that can perform this operation.';
          throw awsFault('IncorrectKeyException', why);
        }
        checkAlgorithm(input.EncryptionAlgorithm, key);
        const plaintext = decrypt(key.material, input.CiphertextBlob, input.EncryptionContext ?? {});
        if (!plaintext) throw awsFault('InvalidCiphertextException');
        return { KeyId: key.arn, Plaintext: plaintext.toString('base64'), EncryptionAlgorithm: key.spec };
      },
    ),
  };

  return {
    name: 'kms',
    api: { target: 'TrentService' },
    invalidInput: 'ValidationException',
    operations,
    signingKeyArn: signing.arn,
    dataKeyArn: data.arn,
    publicJwks: () => ({ keys: [publicJwkOf(signing)] }),
  };
}

function checkAlgorithm(asked: string | undefined, key: DataKey): void {
  if (asked === undefined || asked === key.spec) return;
  const why = `Algorithm ${asked} and key spec ${key.spec} are incompatible with each other.`;
  throw awsFault('InvalidKeyUsageException', why);
}

function unusable(key: Key, action: string): never {
  const usage = key.spec === 'ECC_NIST_P256' ? 'SIGN_VERIFY' : 'ENCRYPT_DECRYPT';
  throw awsFault('InvalidKeyUsageException', `${key.arn} key usage is ${usage} which is not valid for ${action}.`);
}
