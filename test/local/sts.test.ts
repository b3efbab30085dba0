import { readdirSync } from 'node:fs';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms';
import { ListCommandsCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { allows, parsePolicy } from '#local/aws/policy.ts';
import { accountId, documentName, region, startAws } from '#test/local/aws/server.ts';

type CredentialIdentity = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
type Aws = Awaited<ReturnType<typeof startAws>>;

const group = '/runner-pilot/test/nodes';
const RoleArn = `arn:aws:iam::${accountId}:role/agent`;
const streams = (organization: string) =>
  `arn:aws:logs:${region}:${accountId}:log-group:${group}:log-stream:${organization}/*`;
const policyFor = (organization: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: streams(organization) },
    ],
  });

function assume(aws: Aws, input: Partial<AssumeRoleCommandInput> = {}) {
  const sts = new STSClient(aws.client);
  return sts.send(
    new AssumeRoleCommand({
      RoleArn,
      RoleSessionName: 'node-1',
      Policy: policyFor('gt'),
      DurationSeconds: 900,
      ...input,
    }),
  );
}

async function credentialsOf(aws: Aws, input: Partial<AssumeRoleCommandInput> = {}) {
  const { Credentials } = await assume(aws, input);
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

const create = (client: CloudWatchLogsClient, logStreamName: string) =>
  client.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName }));
const put = (client: CloudWatchLogsClient, logStreamName: string, timestamp = Date.now()) =>
  client.send(
    new PutLogEventsCommand({ logGroupName: group, logStreamName, logEvents: [{ timestamp, message: 'x' }] }),
  );

async function withGroup(aws: Aws): Promise<CloudWatchLogsClient> {
  const logs = new CloudWatchLogsClient(aws.client);
  await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
  return logs;
}

test('a session writes to its own organization’s streams and to no others', async () => {
  await using aws = await startAws();
  const owner = await withGroup(aws);
  await create(owner, 'nt/instance/1');
  const session = new CloudWatchLogsClient({ ...aws.client, credentials: await credentialsOf(aws) });

  await create(session, 'gt/instance/1');
  await put(session, 'gt/instance/1');

  for (const foreign of ['nt/instance/1', 'gt', 'gtx/instance/1', 'GT/instance/1', 'nt/gt/1']) {
    const who = `User: arn:aws:sts::${accountId}:assumed-role/agent/node-1 is not authorized to perform: logs:`;
    const arn = `arn:aws:logs:${region}:${accountId}:log-group:${group}:log-stream:${foreign}`;
    for (const [action, call] of [
      ['CreateLogStream', create],
      ['PutLogEvents', put],
    ] as const) {
      await expect(call(session, foreign)).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: `${who}${action} on resource: ${arn} because no session policy allows the logs:${action} action`,
      });
    }
  }
});

test('a session does nothing but write logs, whatever its policy allows', async () => {
  await using aws = await startAws();
  await withGroup(aws);
  const Policy = JSON.stringify({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
  const client = { ...aws.client, credentials: await credentialsOf(aws, { Policy }) };
  const [kms, logs, ssm] = [new KMSClient(client), new CloudWatchLogsClient(client), new SSMClient(client)];
  const KeyId = 'alias/test-data';
  const calls = {
    'kms:GetPublicKey': kms.send(new GetPublicKeyCommand({ KeyId: 'alias/test-signing' })),
    'kms:Sign': kms.send(new SignCommand({ KeyId: 'x', Message: Buffer.of(1), SigningAlgorithm: 'ECDSA_SHA_256' })),
    'kms:GenerateDataKey': kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    'kms:Decrypt': kms.send(new DecryptCommand({ CiphertextBlob: Buffer.alloc(64) })),
    'logs:GetLogEvents': logs.send(new GetLogEventsCommand({ logGroupName: group, logStreamName: 'gt/a' })),
    'logs:DescribeLogGroups': logs.send(new DescribeLogGroupsCommand({})),
    'logs:CreateLogGroup': logs.send(new CreateLogGroupCommand({ logGroupName: '/other' })),
    'ssm:ListCommands': ssm.send(new ListCommandsCommand({})),
    'ssm:SendCommand': ssm.send(
      new SendCommandCommand({ DocumentName: documentName, InstanceIds: [aws.ssm.instanceId] }),
    ),
  };

  for (const [action, call] of Object.entries(calls)) {
    await expect(call, action).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`because no identity-based policy allows the ${action} action`),
    });
  }
  await expect(assume({ ...aws, client })).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('every caller may ask who it is', async () => {
  await using aws = await startAws();
  const who = (client: object) => new STSClient(client).send(new GetCallerIdentityCommand({}));

  const session = await who({ ...aws.client, credentials: await credentialsOf(aws) });

  expect(await who(aws.client)).toMatchObject({
    Account: accountId,
    Arn: `arn:aws:iam::${accountId}:user/runner-pilot`,
  });
  expect(session.Arn).toBe(`arn:aws:sts::${accountId}:assumed-role/agent/node-1`);
  expect(session.UserId).toMatch(/^AROA[0-9A-F]{17}:node-1$/);
});

test('credentials work until they expire, and say when', async () => {
  let now = Date.now();
  await using aws = await startAws({ now: () => now });
  const owner = await withGroup(aws);
  await create(owner, 'gt/a');
  const { Credentials } = await assume(aws);
  const session = new CloudWatchLogsClient({
    ...aws.client,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
    systemClockOffset: 0,
  });
  const expiresAt = Credentials?.Expiration?.getTime() ?? 0;
  expect(Math.abs(expiresAt - now - 900_000)).toBeLessThan(1_000);

  const started = now;
  now = expiresAt - 60_000;
  session.config.systemClockOffset = now - started;
  await put(session, 'gt/a', now);
  now = expiresAt;
  session.config.systemClockOffset = now - started;

  await expect(put(session, 'gt/a', now)).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('credentials stay good over a restart, and are kept nowhere', async () => {
  const first = await startAws();
  await create(await withGroup(first), 'gt/a');
  const files = readdirSync(first.dataFolder, { recursive: true }).length;
  const credentials = await credentialsOf(first);
  expect(readdirSync(first.dataFolder, { recursive: true })).toHaveLength(files);
  await first.stop();

  await using second = await startAws({ dataFolder: first.dataFolder });

  await put(new CloudWatchLogsClient({ ...second.client, credentials }), 'gt/a');
});

test('a token is good only with its own key id, unchanged, and where it was issued', async () => {
  await using aws = await startAws();
  await using other = await startAws();
  await withGroup(aws);
  const [one, two] = [await credentialsOf(aws), await credentialsOf(aws)];
  const using = (credentials: CredentialIdentity) =>
    create(new CloudWatchLogsClient({ ...aws.client, credentials }), 'gt/a');
  const middle = Math.floor(one.sessionToken.length / 2);
  const flipped = one.sessionToken[middle] === 'A' ? 'B' : 'A';
  const unknown = { name: 'UnrecognizedClientException' };

  await expect(using({ ...one, sessionToken: two.sessionToken })).rejects.toMatchObject(unknown);
  const changed = `${one.sessionToken.slice(0, middle)}${flipped}${one.sessionToken.slice(middle + 1)}`;
  await expect(using({ ...one, sessionToken: changed })).rejects.toMatchObject(unknown);
  await expect(using({ accessKeyId: one.accessKeyId, secretAccessKey: one.secretAccessKey })).rejects.toMatchObject(
    unknown,
  );
  await expect(using(await credentialsOf(other))).rejects.toMatchObject(unknown);
  await expect(using({ ...one, secretAccessKey: two.secretAccessKey })).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  });
  await using(one);
});

test.each([
  ['shorter than 15 minutes', { DurationSeconds: 899 }, 'ValidationError'],
  ['longer than the role’s hour', { DurationSeconds: 3601 }, 'ValidationError'],
  ['of no role', { RoleArn: 'arn:aws:iam::000000000000:user/agent' }, 'ValidationError'],
  ['of another account’s role', { RoleArn: 'arn:aws:iam::111111111111:role/agent' }, 'AccessDenied'],
  ['without a proper name', { RoleSessionName: 'a b' }, 'ValidationError'],
  ['with a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocumentException'],
  ['with a policy without statements', { Policy: '{"Version":"2012-10-17"}' }, 'MalformedPolicyDocumentException'],
  [
    'with a policy that has conditions',
    { Policy: policyFor('gt').replace('"Effect"', '"Condition":{},"Effect"') },
    'MalformedPolicyDocumentException',
  ],
  [
    'with a policy that has variables',
    { Policy: policyFor(['$', '{aws:username}'].join('')) },
    'MalformedPolicyDocumentException',
  ],
  ['with what is not reproduced', { ExternalId: 'ab' }, 'ValidationError'],
] as const)('no session is given %s', async (_what, input, name) => {
  await using aws = await startAws();

  await expect(assume(aws, input)).rejects.toMatchObject({ name });
});

test.each([
  ['logs:Put*', 'arn:a:*', true],
  ['LOGS:putlogevents', 'arn:a:b', true],
  ['logs:PutLogEvent', 'arn:a:b', false],
  ['logs:*', 'arn:?:b', true],
  ['logs:*', 'arn:?', false],
  ['*', 'ARN:A:B', false],
  ['*', '*a*b', true],
  ['*', '**************************************x', false],
])('a policy for %s on %s allows logs:PutLogEvents on arn:a:b: %s', (Action, Resource, expected) => {
  const policy = parsePolicy(JSON.stringify({ Statement: { Effect: 'Allow', Action, Resource } }));

  expect(allows(policy, 'logs:PutLogEvents', 'arn:a:b')).toBe(expected);
});

test('an explicit Deny wins, wherever it stands, and what is named by exclusion counts', () => {
  const allow = { Effect: 'Allow', Action: '*', Resource: '*' };
  const check = (...Statement: object[]) =>
    allows(parsePolicy(JSON.stringify({ Statement })), 'logs:PutLogEvents', 'arn:a');

  expect(check(allow)).toBe(true);
  expect(check(allow, { Effect: 'Deny', Action: 'logs:*', Resource: '*' })).toBe(false);
  expect(check({ Effect: 'Deny', NotAction: 'kms:*', Resource: '*' }, allow)).toBe(false);
  expect(check({ Effect: 'Allow', Action: '*', NotResource: 'arn:a' })).toBe(false);
  expect(check({ Effect: 'Allow', NotAction: 'kms:*', NotResource: 'arn:b' })).toBe(true);
});
