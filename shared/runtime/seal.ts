import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { orgId } from '#domain/organization.ts';
import { type Secret, secret } from '#domain/secret.ts';

/** To what a sealed value belongs: it opens nowhere else. */
export interface SealedTo {
  readonly org: string;
  /** The uid or name of what it is of: a runner, a registry. */
  readonly subject: string;
  readonly field: string;
}

const version = 'v1';
const ivBytes = 12;
const tagBytes = 16;

/** NIST SP 800-38D: what is authenticated with the value, without being part of it. */
const associated = ({ org, subject, field }: SealedTo): Buffer =>
  Buffer.from(JSON.stringify([version, orgId(org), subject, field]));

/** Seals a value with a data key: AES-256-GCM, bound to where it belongs. */
export function seal(key: Uint8Array, to: SealedTo, value: Secret): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(associated(to));
  const sealed = Buffer.concat([iv, cipher.update(value.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${version}.${sealed.toString('base64url')}`;
}

/** Opens what `seal` made; throws if key, place or value are not those. */
export function unseal(key: Uint8Array, to: SealedTo, sealed: string): Secret {
  const [form, text] = sealed.split('.', 2);
  const bytes = Buffer.from(text ?? '', 'base64url');
  if (form !== version || bytes.length < ivBytes + tagBytes)
    throw new Error('The sealed value is not of a known form.');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    .setAAD(associated(to))
    .setAuthTag(bytes.subarray(-tagBytes));
  const value = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]);
  return secret(value.toString('utf8'));
}
