import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, jwksFunction } from '#infra/bundle.ts';
import { startFunction } from '../runtime-api.ts';

// The artefact itself, with CloudFormation and KMS as it meets them: over HTTPS and HTTP.

const folder = mkdtempSync(join(tmpdir(), 'rp-jwks-'));
const keys = Object.fromEntries(
  ['first', 'second'].map((name) => [name, generateKeyPairSync('ec', { namedCurve: 'P-256' })]),
);
/** What CloudFormation is told. */
interface Answer {
  readonly Status: string;
  readonly Data: { readonly Jwks: string };
}
const answers: Answer[] = [];
let kms: Server;
let cloudFormation: Server;
let artefact = '';

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listen = async (server: Server): Promise<void> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
};

beforeAll(async () => {
  artefact = (await bundle([], join(folder, 'bundle'))).folderOf(jwksFunction);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=x',
    ].concat(['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  cloudFormation = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, async (request, response) => {
    answers.push(JSON.parse(await text(request)));
    response.end();
  });
  kms = createHttp(async (request, response) => {
    const { KeyId } = JSON.parse(await text(request));
    const known = keys[String(KeyId).split('/').at(-1) ?? ''];
    response.statusCode = known ? 200 : 400;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    const PublicKey = known?.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    response.end(
      JSON.stringify(known ? { KeyId, PublicKey } : { __type: 'NotFoundException', message: 'No such key' }),
    );
  });
  await Promise.all([listen(cloudFormation), listen(kms)]);
});
afterAll(() => {
  cloudFormation.close();
  kms.close();
  rmSync(folder, { recursive: true });
});

async function text(request: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of request) all += chunk;
  return all;
}

async function publish(RequestType: string, names: readonly string[]): Promise<Answer> {
  await using running = await startFunction({
    folder: artefact,
    name: 'DeploymentJwks',
    environment: {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIA0',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${portOf(kms)}`,
      NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
    },
  });
  await running.invoke({
    RequestType,
    RequestId: 'r-1',
    StackId: 's-1',
    LogicalResourceId: 'Jwks',
    ResponseURL: `https://127.0.0.1:${portOf(cloudFormation)}/result?X-Amz-Signature=1`,
    ResourceProperties: { SigningKeys: names.map((name) => `arn:aws:kms:eu-central-1:111122223333:key/${name}`) },
  });
  const answer = answers.at(-1);
  if (!answer) throw new Error('CloudFormation was told nothing.');
  return answer;
}

test('the public halves are published in the order of the keys, named by their thumbprints', async () => {
  const answer = await publish('Create', ['second', 'first']);

  expect(answer).toMatchObject({ Status: 'SUCCESS', RequestId: 'r-1', StackId: 's-1', LogicalResourceId: 'Jwks' });
  const { keys: published } = JSON.parse(answer.Data.Jwks);
  const expected = ['second', 'first'].map((name) => keys[name]?.publicKey.export({ format: 'jwk' }) ?? {});
  expect(published.map(({ x }: { x: string }) => x)).toEqual(expected.map(({ x }) => x));
  expect(published[0].kid).toBe(await calculateJwkThumbprint(published[0]));
  expect(JSON.stringify(answer).length).toBeLessThan(4096);
});

test('a token that the key has signed is verified by what is published', async () => {
  const answer = await publish('Update', ['first']);
  const [jwk] = JSON.parse(answer.Data.Jwks).keys;
  const pem = keys.first?.privateKey.export({ format: 'pem', type: 'pkcs8' }) ?? '';
  const token = await new SignJWT({ sub: 'somebody' }).setProtectedHeader({ alg: 'ES256' }).sign(createPrivateKey(pem));

  expect((await jwtVerify(token, await importJWK(jwk, 'ES256'))).payload.sub).toBe('somebody');
});

test('deleting always succeeds, and asks KMS nothing', async () => {
  expect(await publish('Delete', ['gone'])).toMatchObject({ Status: 'SUCCESS' });
});

test('a key that KMS does not know fails the deployment with a sentence, instead of letting it wait an hour', async () => {
  expect(await publish('Create', ['gone'])).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('No such key'),
  });
});
