import { beforeAll, describe, expect, test } from 'vitest';
import { openTelemetry } from '#cloud/telemetry.ts';
import { pascal, stageTag } from '#infra/names.ts';
import { account, physical, region } from './physical.ts';
import { type AwsRequest, allowed, type PolicyDocument, rolesOf, type SimulatedRole } from './simulate.ts';
import { preparedParts, type Synthesized, synthesize } from './synth.ts';

let made: Synthesized;
let roles: ReadonlyMap<string, SimulatedRole>;
let ids: readonly string[];
beforeAll(async () => {
  made = await synthesize();
  roles = rolesOf(made);
  ids = (await preparedParts()).functions.map(({ id }) => id);
});

const roleOf = (id: string): SimulatedRole => {
  const role = roles.get(`${pascal(id)}Role`);
  if (!role) throw new Error(`${id} has no role.`);
  return role;
};
const arn = (service: string, resource: string, where = `${region}:${account}`): string =>
  `arn:aws:${service}:${where}:${resource}`;
const published = (what: string): string => String(physical(made).published.get(`/runner-pilot/prod/state/${what}`));

// Who may do what. This is written by hand, and not derived from what functions declare: it is what they are held to.

const nobody = /$^/;
/** Functions that answer without looking anything up. */
const stateless = /^(system\.|agent\.(installer|program)$)/;
const withTable = new RegExp(`^(?!${stateless.source})`);
const changes =
  /^(auth\.register$|onboarding\.|sweep\.|(organizations|nodes|runners|instances)\.(create|change|remove|enrollment|drain|undrain)$|registries\.(put|remove)$|agent\.(enroll|sync|claim)$)/;
/** Functions that count how often something is done, and change nothing else by that. */
const meters = new RegExp(`${changes.source}|^auth\\.login$|^instances\\.(metrics|logs)$`);
const rings =
  /^(instances\.(create|remove)|nodes\.(remove|drain)|runners\.(create|change|remove)|agent\.sync|sweep\.run)$/;

interface Probe {
  readonly says: string;
  readonly who: RegExp;
  readonly ask: () => AwsRequest;
}

const document = (name: string): string => arn('ssm', `document/${name}`);
const machine = arn('ssm', 'managed-instance/mi-0123456789abcdef0');
const tagged = (stage: string) => ({ [`ssm:resourceTag/${stageTag}`]: stage, [`aws:ResourceTag/${stageTag}`]: stage });
const table = (): string => arn('dynamodb', `table/${published('table')}`);
const otherTable = arn('dynamodb', 'table/Another');
const stream = (group: string, name = 'gt/instance/1'): string => arn('logs', `log-group:${group}:log-stream:${name}`);
const each = (says: string, who: RegExp, actions: readonly string[], resource: () => string): Probe[] =>
  actions.map((action) => ({ says: `${says} (${action})`, who, ask: () => ({ action, resource: resource() }) }));

const reading = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const writing = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'];
const ruining = ['dynamodb:DeleteTable', 'dynamodb:UpdateTable', 'dynamodb:Scan', 'dynamodb:ExportTableToPointInTime'];

const probes: readonly Probe[] = [
  ...each('reads the table', withTable, reading, table),
  ...each('changes the table', changes, writing, table),
  ...['dynamodb:PutItem', 'dynamodb:DeleteItem'].flatMap((action) => [
    {
      says: `writes a throttle's row (${action})`,
      who: meters,
      ask: () => ({ action, resource: table(), context: { 'dynamodb:LeadingKeys': ['THROTTLE#x'] } }),
    },
    {
      says: `writes a user's row, alone or beside a throttle's (${action})`,
      who: changes,
      ask: () => ({ action, resource: table(), context: { 'dynamodb:LeadingKeys': ['THROTTLE#x', 'USER#1'] } }),
    },
  ]),
  ...each('ruins or dumps the table', nobody, ruining, table),
  ...each('touches another table', nobody, [...reading, ...writing], () => otherTable),
  ...each('reads what is due', /^sweep\.run$/, ['dynamodb:Query'], () => `${table()}/index/due`),
  ...each('signs', /^auth\.login$/, ['kms:Sign'], () => published('signing-key-first')),
  ...each('signs with another key', nobody, ['kms:Sign', 'kms:Decrypt'], () => arn('kms', 'key/another')),
  ...each('ruins a key', nobody, ['kms:ScheduleKeyDeletion', 'kms:DisableKey'], () => published('signing-key-first')),
  ...each(
    'opens secrets',
    /^(runners\.(create|change|get|list)|registries\.put|instances\.remove|nodes\.drain|agent\.(claim|registry)|sweep\.run)$/,
    ['kms:Decrypt'],
    () => published('data-key'),
  ),
  ...each(
    'makes keys for secrets',
    /^(runners\.(create|change)|registries\.put|agent\.claim)$/,
    ['kms:GenerateDataKey'],
    () => published('data-key'),
  ),
  ...each('sends our document', rings, ['ssm:SendCommand'], () => document('RunnerPilot-prod-Sync')),
  ...each('sends a shell', nobody, ['ssm:SendCommand'], () => document('AWS-RunShellScript')),
  ...each('sends another stage’s document', nobody, ['ssm:SendCommand'], () => document('RunnerPilot-trial-Sync')),
  {
    says: 'rings a machine of this stage',
    who: rings,
    ask: () => ({ action: 'ssm:SendCommand', resource: machine, context: tagged('prod') }),
  },
  {
    says: 'rings a machine of another stage',
    who: nobody,
    ask: () => ({ action: 'ssm:SendCommand', resource: machine, context: tagged('trial') }),
  },
  {
    says: 'rings a machine that has no tag',
    who: nobody,
    ask: () => ({ action: 'ssm:SendCommand', resource: machine }),
  },
  {
    says: 'rings an EC2 instance',
    who: nobody,
    ask: () => ({
      action: 'ssm:SendCommand',
      resource: arn('ec2', 'instance/i-0123456789abcdef0'),
      context: tagged('prod'),
    }),
  },
  ...each('starts a session on a machine', nobody, ['ssm:StartSession'], () => machine),
  ...each('reads parameters', nobody, ['ssm:GetParameter'], () => arn('ssm', 'parameter/secret')),
  ...each('reads what commands said', nobody, ['ssm:GetCommandInvocation', 'ssm:ListCommands'], () => '*'),
  ...each(
    'looks for machines, and ends activations',
    /^(nodes\.remove|sweep\.run)$/,
    ['ssm:DescribeInstanceInformation', 'ssm:DescribeActivations', 'ssm:DeleteActivation'],
    () => '*',
  ),
  ...['prod', 'trial'].map((stage) => ({
    says: `deregisters a machine of ${stage}`,
    who: stage === 'prod' ? /^(nodes\.remove|sweep\.run)$/ : nobody,
    ask: () => ({ action: 'ssm:DeregisterManagedInstance', resource: machine, context: tagged(stage) }),
  })),
  ...each('makes an activation', /^agent\.enroll$/, ['ssm:CreateActivation'], () => '*'),
  ...each('reads nodes’ logs', /^instances\.(metrics|logs)$/, ['logs:GetLogEvents'], () =>
    stream('/runner-pilot/prod/nodes'),
  ),
  ...each('reads others’ logs', nobody, ['logs:GetLogEvents'], () => stream('/aws/lambda/another')),
  ...each('writes nodes’ logs', nobody, ['logs:PutLogEvents'], () => stream('/runner-pilot/prod/nodes')),
  ...each('deletes logs', nobody, ['logs:DeleteLogStream'], () => stream('/runner-pilot/prod/nodes')),
  ...each(
    'takes the telemetry role',
    /^agent\.credentials$/,
    ['sts:AssumeRole'],
    () => roles.get('TelemetryRole')?.arn ?? '',
  ),
  ...each('takes another role', nobody, ['sts:AssumeRole'], () => arn('iam', 'role/Admin', `:${account}`)),
  {
    says: 'gives the node role to SSM',
    who: /^agent\.enroll$/,
    ask: () => ({
      action: 'iam:PassRole',
      resource: roles.get('NodeRole')?.arn ?? '',
      context: { 'iam:PassedToService': 'ssm.amazonaws.com' },
    }),
  },
  {
    says: 'gives the node role to EC2',
    who: nobody,
    ask: () => ({
      action: 'iam:PassRole',
      resource: roles.get('NodeRole')?.arn ?? '',
      context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    }),
  },
  ...each('calls a function', nobody, ['lambda:InvokeFunction'], () => arn('lambda', 'function:Another')),
];

describe('who may do what, as IAM would decide', () => {
  test('every function, every action, on its own and on foreign resources', async () => {
    const cells = ids.flatMap((id) => probes.map((probe) => ({ id, ...probe })));

    const wrong: string[] = [];
    for (const { id, says, who, ask } of cells) {
      const may = await allowed(roleOf(id), ask());
      if (may !== who.test(id)) wrong.push(`${id} ${may ? 'may' : 'may not'}: ${says}`);
    }

    expect(cells.length).toBeGreaterThanOrEqual(1000);
    expect(wrong).toEqual([]);
  }, 120_000);

  test('no policy has a wildcard as action', () => {
    for (const [name, { policies }] of roles)
      expect(JSON.stringify(policies), name).not.toMatch(/"[a-z0-9]+:[^"]*\*"[,\]].*"Effect"/);
  });

  test('a machine can do what the SSM agent needs, and read no parameter, secret or log', async () => {
    const node = roles.get('NodeRole');
    if (!node) throw new Error('There is no node role.');
    const may = (action: string, resource = '*') => allowed(node, { action, resource });

    expect(await may('ssmmessages:OpenControlChannel')).toBe(true);
    expect(await may('ec2messages:GetMessages')).toBe(true);
    expect(await may('ssm:UpdateInstanceInformation', machine)).toBe(true);
    expect(await may('ssm:ListInstanceAssociations', machine)).toBe(true);
    expect(await may('ssm:GetParameter', arn('ssm', 'parameter/secret'))).toBe(false);
    expect(await may('ssm:SendCommand', document('RunnerPilot-prod-Sync'))).toBe(false);
    expect(await may('ssm:GetDocument', document('RunnerPilot-prod-Sync'))).toBe(false);
    expect(await may('logs:PutLogEvents', stream('/runner-pilot/prod/nodes'))).toBe(false);
    expect(await may('s3:GetObject', 'arn:aws:s3:::bucket/key')).toBe(false);
    expect(await may('dynamodb:GetItem', table())).toBe(false);
  });

  test('two organizations’ log streams can not touch: a session writes its own, whatever the others are called', async () => {
    const role = roles.get('TelemetryRole');
    if (!role) throw new Error('There is no telemetry role.');
    const organizations = ['gt', 'gt-2', 'g', 'gtx', 'a-gt', 'GT'];
    const names = ['instance/1', 'node/1', '../gt/instance/1', 'gt/instance/1'];

    const wrong: string[] = [];
    for (const mine of organizations) {
      const session = await sessionPolicyOf(mine, role.arn);
      for (const theirs of organizations) {
        for (const name of names) {
          for (const action of [
            'logs:CreateLogStream',
            'logs:PutLogEvents',
            'logs:GetLogEvents',
            'logs:DeleteLogStream',
          ]) {
            const resource = stream('/runner-pilot/prod/nodes', `${theirs}/${name}`);
            const may = await allowed(role, { action, resource }, session);
            const should = mine === theirs && /Create|Put/.test(action);
            if (may !== should) wrong.push(`${mine} ${may ? 'may' : 'may not'} ${action} ${theirs}/${name}`);
          }
        }
      }
      expect(
        await allowed(
          role,
          { action: 'logs:PutLogEvents', resource: stream('/aws/lambda/x', `${mine}/node/1`) },
          session,
        ),
      ).toBe(false);
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});

/** The policy that `agent.credentials` narrows a session by, as it sends it to STS. */
async function sessionPolicyOf(organization: string, roleArn: string): Promise<PolicyDocument> {
  const sent: string[] = [];
  const client = {
    send: async ({ input }: { input: { Policy: string } }) => {
      sent.push(input.Policy);
      return {
        Credentials: { AccessKeyId: 'a', SecretAccessKey: 'b', SessionToken: 'c', Expiration: new Date(0) },
      };
    },
  };
  const group = '/runner-pilot/prod/nodes';
  await openTelemetry(client as never, { roleArn, region, group }).credentialsFor(organization, 'node-1');
  return JSON.parse(sent[0] ?? '');
}
