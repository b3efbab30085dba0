import { createHash } from 'node:crypto';
import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';

const coordinateBytes = 32;

/**
 * A signature as JOSE wants it (RFC 7518, 3.4: r and s, 32 bytes each) from what KMS gives (RFC 3279, 2.2.3: a DER
 * sequence of two integers).
 */
export function joseSignature(der: Uint8Array): Buffer {
  const integerAt = (at: number): { value: Uint8Array; end: number } => {
    const length = der[at + 1] ?? 0;
    const end = at + 2 + length;
    if (der[at] !== 0x02 || length === 0 || end > der.length) throw new Error('The signature is not a DER sequence.');
    return { value: der.subarray(at + 2, end), end };
  };
  if (der[0] !== 0x30) throw new Error('The signature is not a DER sequence.');
  const r = integerAt(2);
  const s = integerAt(r.end);
  const signature = Buffer.alloc(2 * coordinateBytes);
  for (const [index, { value }] of [r, s].entries()) {
    const digits = value.subarray(value.findIndex((byte) => byte !== 0));
    if (digits.length > coordinateBytes) throw new Error('The signature is not of P-256.');
    signature.set(digits, (index + 1) * coordinateBytes - digits.length);
  }
  return signature;
}

/** Signs with a key that never leaves KMS: ES256. */
export const openSigner = (client: KMSClient, keyId: string) => ({
  /** The JOSE signature of a text. */
  async sign(text: string): Promise<Buffer> {
    const { Signature } = await client.send(
      new SignCommand({
        KeyId: keyId,
        Message: createHash('sha256').update(text).digest(),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    );
    if (!Signature) throw new Error('KMS has answered without a signature.');
    return joseSignature(Signature);
  },
});
