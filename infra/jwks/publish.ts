import { createHash, createPublicKey, randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';

// A custom resource of CloudFormation without a framework: it is called with a request, and PUTs its answer to the
// URL in it. "The response must be in JSON, at most 4,096 bytes."
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html

/** What CloudFormation sends. */
export interface JwksRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResponseURL: string;
  readonly ResourceProperties: { readonly SigningKeys: readonly string[] };
}

/** The JSON Web Key of a key in KMS: `kid` is its thumbprint (RFC 7638). */
export function jwkOf(spki: Uint8Array) {
  const { crv, kty, x, y } = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}

async function jwks(keys: readonly string[]): Promise<string> {
  const kms = new KMSClient({});
  const published = await Promise.all(
    keys.map(async (KeyId) => {
      const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
      if (!PublicKey) throw new Error(`KMS gave no public key for ${KeyId}.`);
      return jwkOf(PublicKey);
    }),
  );
  return JSON.stringify({ keys: published });
}

const put = (url: string, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-length': Buffer.byteLength(body) };
    request(url, { method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`CloudFormation answered ${response.statusCode} to the result.`));
      });
    })
      .on('error', reject)
      .end(body);
  });

/** Publishes the public halves of the signing keys as `Jwks`; deleting publishes nothing and always succeeds. */
export async function handler(event: JwksRequest): Promise<void> {
  const answer = {
    RequestId: event.RequestId,
    StackId: event.StackId,
    LogicalResourceId: event.LogicalResourceId,
    PhysicalResourceId: event.PhysicalResourceId ?? `jwks-${randomUUID()}`,
  };
  const result =
    event.RequestType === 'Delete'
      ? { Status: 'SUCCESS' }
      : await jwks(event.ResourceProperties.SigningKeys).then(
          (Jwks) => ({ Status: 'SUCCESS', Data: { Jwks } }),
          (error: Error) => ({ Status: 'FAILED', Reason: `The signing keys' public halves: ${error.message}` }),
        );
  await put(event.ResponseURL, JSON.stringify({ ...answer, ...result }));
}
