import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

// What a ciphertext blob looks like inside is AWS's own business; ours: version, key id, nonce, ciphertext, tag.

const version = 1;
const headBytes = 1 + 16 + 12;
const tagBytes = 16;

/** Encrypts under a key, bound to a context. */
export function encrypt(keyId: string, material: Buffer, plaintext: Buffer, context: Context): Buffer {
  const nonce = randomBytes(12);
  const head = Buffer.concat([Buffer.of(version), Buffer.from(keyId.replaceAll('-', ''), 'hex'), nonce]);
  const cipher = createCipheriv('aes-256-gcm', material, nonce);
  cipher.setAAD(Buffer.concat([head, encodeContext(context)]));
  return Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The id of the key that a blob says it is encrypted under; undefined if it is no blob of ours. */
export function keyIdOf(blob: Buffer): string | undefined {
  if (blob[0] !== version || blob.length < headBytes + tagBytes) return undefined;
  return blob.toString('hex', 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The plaintext; undefined if key, blob or context isn't the one of its encryption. */
export function decrypt(material: Buffer, blob: Buffer, context: Context): Buffer | undefined {
  const head = blob.subarray(0, headBytes);
  const decipher = createDecipheriv('aes-256-gcm', material, head.subarray(-12), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.concat([head, encodeContext(context)]));
  decipher.setAuthTag(blob.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(blob.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export type Context = Readonly<Record<string, string>>;

/** One text for one context, whatever the order of its pairs. */
function encodeContext(context: Context): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify(pairs));
}
