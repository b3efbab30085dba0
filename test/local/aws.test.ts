import { createHash } from 'node:crypto';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetPublicKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { GetParameterCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { verifySignature } from '#local/aws/sigv4.ts';
import { post, type Signed, signedBy } from '#test/local/aws/requests.ts';
import { startAws } from '#test/local/aws/server.ts';

type Aws = Awaited<ReturnType<typeof startAws>>;

/** A call of each service, as its own client sends it. */
const services = {
  kms: (client: object) => new KMSClient(client).send(new GetPublicKeyCommand({ KeyId: 'alias/test-signing' })),
  logs: (client: object) => new CloudWatchLogsClient(client).send(new DescribeLogGroupsCommand({})),
  ssm: (client: object) => new SSMClient(client).send(new ListCommandsCommand({})),
  sts: (client: object) => new STSClient(client).send(new GetCallerIdentityCommand({})),
};
const each = Object.entries(services);

const sign = (aws: Aws, call: (client: object) => Promise<unknown>, more: object = {}): Promise<Signed> =>
  signedBy(aws.url, (requestHandler) => call({ ...aws.client, ...more, requestHandler }));

const withHeader = (request: Signed, name: string, change: (value: string) => string | undefined): Signed => {
  const { [name]: value = '', ...rest } = request.headers;
  const changed = change(value);
  return { ...request, headers: changed === undefined ? rest : { ...rest, [name]: changed } };
};

/** As long as before, and still for the same service. */
const changed = (body: string) => body.replace(/y&|.$/, (end) => (end === 'y&' ? 'x&' : ' '));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('the example of the specification verifies', () => {
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
  const timestamp = '20150830T123600Z';
  const request = {
    method: 'GET',
    path: '/?Version=2010-05-08&Action=ListUsers',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      host: 'iam.amazonaws.com',
      'x-amz-date': timestamp,
    },
    body: Buffer.alloc(0),
  };
  const claim = {
    accessKeyId: 'AKIDEXAMPLE',
    day: '20150830',
    region: 'us-east-1',
    service: 'iam',
    signedHeaders: ['content-type', 'host', 'x-amz-date'],
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    timestamp,
  };

  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  expect(() => verifySignature(request, claim, secret)).not.toThrow();
  expect(() => verifySignature({ ...request, path: '/?Action=ListUsers' }, claim, secret)).toThrow(/signature/);
});

test.each(each)('%s answers what is signed with the installation’s key', async (_name, call) => {
  await using aws = await startAws();

  await expect(call(aws.client)).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
  expect((await post(await sign(aws, call))).status).toBe(200);
});

const refusals: Record<string, { change: (request: Signed) => Signed; code: string }> = {
  'without a signature': {
    change: (request) => withHeader(request, 'authorization', () => undefined),
    code: 'MissingAuthenticationToken',
  },
  'with another signature': {
    change: (request) =>
      withHeader(request, 'authorization', (value) => value.replace(/.$/, (c) => (c === '0' ? '1' : '0'))),
    code: 'InvalidSignature',
  },
  'with a shorter signature': {
    change: (request) => withHeader(request, 'authorization', (value) => value.slice(0, -2)),
    code: 'InvalidSignature',
  },
  'with another body': {
    change: (request) => ({ ...request, body: changed(request.body) }),
    code: 'InvalidSignature',
  },
  'with another body, and its right hash': {
    change: (request) => {
      const body = changed(request.body);
      return { ...withHeader(request, 'x-amz-content-sha256', () => sha256(body)), body };
    },
    code: 'InvalidSignature',
  },
  'with another query': {
    change: (request) => ({ ...request, path: `${request.path}?a=b` }),
    code: 'InvalidSignature',
  },
  'with another host': {
    change: (request) => withHeader(request, 'host', () => 'localhost'),
    code: 'InvalidSignature',
  },
  'with another time': {
    change: (request) =>
      withHeader(request, 'x-amz-date', (value) => value.replace(/\d\dZ$/, (s) => (s === '00Z' ? '01Z' : '00Z'))),
    code: 'InvalidSignature',
  },
  'with one more x-amz header, unsigned': {
    change: (request) => withHeader(request, 'x-amz-other', () => 'x'),
    code: 'InvalidSignature',
  },
  'without the signature’s scope': {
    change: (request) => withHeader(request, 'authorization', (value) => value.replace('/aws4_request', '')),
    code: 'InvalidSignature',
  },
  'without the list of signed headers': {
    change: (request) => withHeader(request, 'authorization', (value) => value.replace(/SignedHeaders=[^,]*, /, '')),
    code: 'IncompleteSignature',
  },
  'without a date': {
    change: (request) => withHeader(request, 'x-amz-date', () => undefined),
    code: 'IncompleteSignature',
  },
};

// A form posted without a signature is nobody's but the gateway's: only STS speaks forms.
const signable = each.flatMap(([name, call]) =>
  Object.entries(refusals)
    .filter(([what]) => !(name === 'sts' && what === 'without a signature'))
    .map(([what, refusal]) => ({ name, what, call, ...refusal })),
);

test.each(signable)('$name refuses a call $what', async ({ name, call, change, code }) => {
  await using aws = await startAws();

  const { status, body } = await post(change(await sign(aws, call)));

  const expected = name === 'sts' && code === 'InvalidSignature' ? 'SignatureDoesNotMatch' : code;
  expect(body).toContain(name === 'sts' ? `<Code>${expected}</Code>` : `"__type":"${code}Exception"`);
  expect(status).toBe(name === 'sts' && code === 'InvalidSignature' ? 403 : 400);
});

test.each(each)(
  '%s refuses a wrong secret, an unknown key, another region and another service’s signature',
  async (name, call) => {
    await using aws = await startAws();
    const { accessKeyId, secretAccessKey } = aws.installation;
    const codes =
      name === 'sts'
        ? ['SignatureDoesNotMatch', 'InvalidClientTokenId']
        : ['InvalidSignatureException', 'UnrecognizedClientException'];
    const [wrong, unknown] = codes;

    const withSecret = (secret: string, id = accessKeyId) =>
      call({ ...aws.client, credentials: { accessKeyId: id, secretAccessKey: secret } });
    await expect(withSecret(`${secretAccessKey}x`)).rejects.toMatchObject({ name: wrong });
    await expect(withSecret(secretAccessKey, 'AKIAIOSFODNN7EXAMPLE')).rejects.toMatchObject({ name: unknown });
    await expect(call({ ...aws.client, region: 'us-west-2' })).rejects.toMatchObject({ name: wrong });
    await expect(call({ ...aws.client, signingName: 'dynamodb' })).rejects.toMatchObject({ name: wrong });
    const madeUpToken = { ...aws.installation, sessionToken: 'made up' };
    await expect(call({ ...aws.client, credentials: madeUpToken })).rejects.toMatchObject({ name: unknown });
  },
);

test.each(each)('%s takes a signature for 15 minutes before and after, and no longer', async (name, call) => {
  let skewMs = 0;
  await using aws = await startAws({ now: () => Date.now() + skewMs });
  const request = await sign(aws, call);
  const code = name === 'sts' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';

  for (const minutes of [-14.9, 14.9]) {
    skewMs = minutes * 60_000;
    expect((await post(request)).status, `${minutes} minutes`).toBe(200);
  }
  for (const [minutes, message] of [
    [15.1, 'Signature expired'],
    [-15.1, 'Signature not yet current'],
  ] as const) {
    skewMs = minutes * 60_000;
    const { body } = await post(request);
    expect(body).toContain(code);
    expect(body).toContain(message);
  }
});

test('an operation that is not reproduced fails as an unknown one, and one of Object’s properties too', async () => {
  await using aws = await startAws();
  const kms = new KMSClient(aws.client).send(new ScheduleKeyDeletionCommand({ KeyId: 'alias/test-data' }));
  const ssm = new SSMClient(aws.client).send(new GetParameterCommand({ Name: 'x' }));
  const sts = new STSClient(aws.client).send(new GetSessionTokenCommand({}));

  await expect(kms).rejects.toMatchObject({ name: 'UnknownOperationException' });
  await expect(ssm).rejects.toMatchObject({ name: 'UnknownOperationException' });
  await expect(sts).rejects.toMatchObject({ name: 'InvalidAction' });
  const request = await sign(aws, services.kms);
  for (const target of [
    'TrentService.constructor',
    'TrentService.__proto__',
    'TrentService',
    'DynamoDB_20120810.ListTables',
  ]) {
    const { status, body } = await post(withHeader(request, 'x-amz-target', () => target));
    expect([status, body.includes('UnknownOperation') || body.includes('InvalidSignature')]).toEqual([400, true]);
  }
});

test('input that does not fit is named, and input that is not reproduced is refused rather than ignored', async () => {
  await using aws = await startAws();
  const logs = new CloudWatchLogsClient(aws.client);
  const create = (input: object) => logs.send(new CreateLogGroupCommand({ logGroupName: '/g', ...input }));

  await expect(create({ logGroupName: 'a b' })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining("Value 'a b' at 'logGroupName' failed to satisfy constraint"),
  });
  await expect(create({ logGroupName: undefined })).rejects.toThrow(
    "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
  );
  await expect(create({ kmsKeyId: 'k' })).rejects.toThrow('kmsKeyId: not reproduced by the local cloud');
  await expect(logs.send(new DescribeLogGroupsCommand({}))).resolves.toMatchObject({ logGroups: [] });
});

test('only requests that are meant for AWS are owned', async () => {
  await using aws = await startAws();

  expect((await fetch(aws.url)).status).toBe(404);
  expect((await fetch(aws.url, { headers: { authorization: 'Bearer x' } })).status).toBe(404);
  expect((await fetch(aws.url, { headers: { 'x-amz-target': 'x' } })).status).toBe(400);
  expect((await fetch(aws.url, { headers: { 'smithy-protocol': 'rpc-v2-cbor' } })).status).toBe(400);
});
