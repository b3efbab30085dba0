import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { loadOrCreate } from '../aws/disk.ts';
import { awsFault } from '../aws/fault.ts';

/** A key that signs, ECC_NIST_P256. */
export interface SigningKey {
  readonly spec: 'ECC_NIST_P256';
  readonly id: string;
  readonly arn: string;
  readonly alias: string;
  readonly privateKey: KeyObject;
}

/** A key that encrypts, SYMMETRIC_DEFAULT. */
export interface DataKey {
  readonly spec: 'SYMMETRIC_DEFAULT';
  readonly id: string;
  readonly arn: string;
  readonly alias: string;
  readonly material: Buffer;
}

export type Key = SigningKey | DataKey;

/** A public key as RFC 7517 writes it; `kid` is its thumbprint (RFC 7638). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

const Stored = z.strictObject({ keyId: z.uuid(), material: z.base64() });

/** The signing key of this file, made if it isn't there. */
export function loadSigningKey(keys: KeyFolder, name: string, alias: string): SigningKey {
  const stored = load(keys, name, () =>
    generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ format: 'der', type: 'pkcs8' }),
  );
  const privateKey = createPrivateKey({ key: stored.material, format: 'der', type: 'pkcs8' });
  return { spec: 'ECC_NIST_P256', id: stored.id, arn: `${keys.arnPrefix}:key/${stored.id}`, alias, privateKey };
}

/** The data key of this file, made if it isn't there. */
export function loadDataKey(keys: KeyFolder, name: string, alias: string): DataKey {
  const { id, material } = load(keys, name, () => randomBytes(32));
  return { spec: 'SYMMETRIC_DEFAULT', id, arn: `${keys.arnPrefix}:key/${id}`, alias, material };
}

/** Where key files are, and how the ARNs of this account and region begin. */
export interface KeyFolder {
  readonly path: string;
  readonly arnPrefix: string;
}

function load(keys: KeyFolder, name: string, create: () => Buffer): { id: string; material: Buffer } {
  const { keyId, material } = loadOrCreate(
    join(keys.path, `kms-${name}.json`),
    (value) => Stored.parse(value),
    () => ({ keyId: randomUUID(), material: create().toString('base64') }),
  );
  return { id: keyId, material: Buffer.from(material, 'base64') };
}

/** Finds a key by any of the four names that KMS knows: id, ARN, alias, alias ARN. */
export function findKey(keys: readonly Key[], arnPrefix: string, name: string): Key {
  const found = keys.find(
    ({ id, arn, alias }) => name === id || name === arn || name === alias || name === `${arnPrefix}:${alias}`,
  );
  if (found) return found;
  const arn = name.startsWith('arn:') ? name : name.startsWith('alias/') ? `${arnPrefix}:${name}` : undefined;
  const why = name.includes('alias/')
    ? `Alias ${arn} is not found.`
    : `Key '${arn ?? `${arnPrefix}:key/${name}`}' does not exist`;
  throw awsFault('NotFoundException', why);
}

/** The public half, for whoever checks signatures. */
export function publicJwkOf({ privateKey }: SigningKey): PublicJwk {
  const { x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }));
  return { kty: 'EC', crv: 'P-256', x, y, kid: thumbprint.digest('base64url'), alg: 'ES256', use: 'sig' };
}
