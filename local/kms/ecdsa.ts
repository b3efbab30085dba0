import { createECDH, type KeyObject, randomBytes, sign } from 'node:crypto';

/** The order of the group of P-256 (NIST SP 800-186, 3.2.1.3). */
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA with SHA-256 over a message; the signature is DER, as KMS gives it. */
export function signMessage(message: Buffer, key: KeyObject): Buffer {
  return sign('sha256', message, { key, dsaEncoding: 'der' });
}

/** ECDSA over a digest that is made already, which node:crypto can't: it always hashes (FIPS 186-5, 6.4.1). */
export function signDigest(digest: Buffer, key: KeyObject): Buffer {
  const { d = '' } = key.export({ format: 'jwk' });
  const secret = toNumber(Buffer.from(d, 'base64url'));
  const z = toNumber(digest);
  for (;;) {
    const once = createECDH('prime256v1');
    const point = once.generateKeys(); // 04 || x || y
    const r = toNumber(point.subarray(1, 33)) % n;
    // Blinded, so that how long the inverse takes says nothing about the nonce.
    const blind = toNumber(randomBytes(32)) % n;
    if (r === 0n || blind === 0n) continue;
    const inverse = (blind * power((toNumber(once.getPrivateKey()) * blind) % n, n - 2n)) % n;
    const s = (inverse * (z + r * secret)) % n;
    if (s !== 0n) return der(r, s);
  }
}

function der(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, base, exponent];
  while (rest > 0n) {
    if (rest & 1n) result = (result * square) % n;
    square = (square * square) % n;
    rest >>= 1n;
  }
  return result;
}

const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
