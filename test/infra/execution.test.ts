import { beforeAll, describe, expect, test } from 'vitest';
import bounded from '../../docs/bounded-roles-policy.json' with { type: 'json' };
import policy from '../../docs/execution-policy.json' with { type: 'json' };
import { isAboutItself, named, type Placed, placedOf, requestsOf } from './execution.ts';
import handlers from './handlers.json' with { type: 'json' };
import { account, region } from './physical.ts';
import { type AwsRequest, allowed } from './simulate.ts';
import { synthesize } from './synth.ts';

// The role that CloudFormation takes, simulated: no account has seen it.

interface Handlers {
  readonly create: readonly string[];
  readonly read: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
  readonly besides?: Readonly<Record<string, readonly string[]>>;
  readonly leftOut?: Readonly<Record<string, readonly string[]>>;
}

const known: Readonly<Record<string, Handlers>> = handlers.types;
const executing = `arn:aws:iam::${account}:role/cdk-hnb659fds-cfn-exec-role-${account}-${region}`;
const role = { arn: executing, policies: [policy] };
const boundedRole = { arn: executing, policies: [policy, bounded] };

// Every option that makes a resource, or gives one a property that needs a call of its own; the longest name and a short one.
const everyOption = {
  domain: { name: 'runners.example.com', certificateArn: `arn:aws:acm:${region}:${account}:certificate/1` },
  corsOrigins: ['https://console.example.com'],
  alarmEmail: 'infrastructure@example.com',
  permissionsBoundary: `arn:aws:iam::${account}:policy/RunnerPilotBoundary`,
  tags: { team: 'ci' },
  tracing: true,
  reservedConcurrencyOf: { 'auth.login': 5 },
  signing: { keys: ['first', 'second'], current: 'first' },
};
let placed: readonly Placed[];
beforeAll(async () => {
  const stages = await Promise.all([
    synthesize(everyOption),
    synthesize({ ...everyOption, name: 'abcdefghijklmnop', removal: 'destroy' }),
  ]);
  placed = stages.flatMap(placedOf);
});

const handlersOf = (type: string): Handlers => {
  const found = known[type];
  if (!found) throw new Error(`Say in test/infra/handlers.json what CloudFormation needs for ${type}.`);
  return found;
};
const all = (lists: Readonly<Record<string, readonly string[]>> = {}): readonly string[] => Object.values(lists).flat();
const saidBy = ({ create, read, update, delete: remove }: Handlers): readonly string[] => [
  ...create,
  ...read,
  ...update,
  ...remove,
];
const neededBy = (type: string): readonly string[] => {
  const found = handlersOf(type);
  const leftOut = all(found.leftOut);
  return [...new Set([...saidBy(found), ...all(found.besides)])].filter((action) => !leftOut.includes(action));
};
const statements = policy.Statement.map((statement) => ({
  actions: [statement.Action].flat(),
  resources: [statement.Resource].flat(),
}));

// The simulator's data has the ARNs of HTTP APIs, but no action that takes them, nor the action of tagging.
const matches = (pattern: string, resource: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(resource);
const may = async (request: AwsRequest): Promise<boolean> =>
  request.action.startsWith('apigateway:')
    ? statements.some(
        ({ actions, resources }) =>
          actions.includes(request.action) && resources.some((pattern) => matches(pattern, request.resource)),
      )
    : allowed(role, request);

describe('CloudFormation', () => {
  test('may do everything that the resources of a stage need, made, changed and removed', async () => {
    const requests = new Map(
      placed
        .flatMap((one) => neededBy(one.resource.Type).flatMap((action) => requestsOf(one, action)))
        .map((request) => [JSON.stringify(request), request]),
    );

    const refused: string[] = [];
    for (const [text, request] of requests) if (!(await may(request))) refused.push(text);

    expect(requests.size).toBeGreaterThan(1000);
    expect(refused).toEqual([]);
  }, 120_000);

  test('may do nothing that no resource needs', () => {
    const needed = new Set(placed.flatMap(({ resource }) => neededBy(resource.Type)));

    expect(statements.flatMap(({ actions }) => actions).filter((action) => !needed.has(action))).toEqual([]);
  });

  test('may read the parameters that templates name, and no other', async () => {
    const reads = (name: string) =>
      allowed(role, { action: 'ssm:GetParameters', resource: `arn:aws:ssm:${region}:${account}:parameter${name}` });

    const { service } = await synthesize();
    for (const { Default } of Object.values(service.Parameters)) expect(await reads(Default ?? ''), Default).toBe(true);
    expect(await reads('/payroll/password')).toBe(false);
  });

  test('may not touch what has another name', async () => {
    // By its name, an alarm can't be told from others before it is read.
    const anyName = ['cloudwatch:DescribeAlarms'];
    const foreign = ['Payroll', `cdk-hnb659fds-cfn-exec-role-${account}-${region}`, 'MyRunnerPilot-prod-Service'];
    const requests = Object.entries(named).flatMap(([type, { arn }]) =>
      neededBy(type)
        .filter((action) => isAboutItself(action) && !anyName.includes(action))
        .flatMap((action) =>
          foreign.map((name) => ({ action, resource: arn(type === 'AWS::SSM::Parameter' ? `/${name}` : name) })),
        ),
    );

    const granted: string[] = [];
    for (const request of requests) if (await allowed(role, request)) granted.push(JSON.stringify(request));

    expect(requests.length).toBeGreaterThan(250);
    expect(granted).toEqual([]);
  }, 60_000);

  test.each([
    ['s3:GetObject', 'arn:aws:s3:::payroll/2026.csv'],
    ['apigateway:DELETE', `arn:aws:apigateway:${region}::/restapis/a1b2c3`],
    ['apigateway:PATCH', `arn:aws:apigateway:${region}::/account`],
    ['iam:AttachRolePolicy', `arn:aws:iam::${account}:role/RunnerPilot-prod-Service-Role`],
    ['iam:CreateUser', `arn:aws:iam::${account}:user/RunnerPilot-prod`],
    ['iam:CreatePolicyVersion', `arn:aws:iam::${account}:policy/RunnerPilotBoundary`],
    ['sts:AssumeRole', `arn:aws:iam::${account}:role/RunnerPilot-prod-Service-Role`],
    ['kms:Decrypt', `arn:aws:kms:${region}:${account}:key/a`],
    ['kms:Sign', `arn:aws:kms:${region}:${account}:key/a`],
    ['dynamodb:GetItem', `arn:aws:dynamodb:${region}:${account}:table/RunnerPilot-prod-State-Table-1`],
    ['logs:GetLogEvents', `arn:aws:logs:${region}:${account}:log-group:/runner-pilot/prod/nodes:log-stream:a`],
    ['ssm:SendCommand', `arn:aws:ssm:${region}:${account}:document/RunnerPilot-prod-Sync`],
  ])('may not %s on %s', async (action, resource) => {
    const context = action.startsWith('kms:') ? { 'aws:ResourceTag/runner-pilot:stage': 'prod' } : {};

    expect(await allowed(role, { action, resource, context })).toBe(false);
  });

  test.each(['PutKeyPolicy', 'ScheduleKeyDeletion', 'DisableKey', 'DisableKeyRotation', 'UntagResource'])(
    'may not %s a key without the tag of a stage',
    async (verb) => {
      const resource = `arn:aws:kms:${region}:${account}:key/a`;

      expect(await allowed(role, { action: `kms:${verb}`, resource })).toBe(false);
    },
  );

  test.each(['ec2', 'ssm', 'cloudformation', 'ecs-tasks'])('may give no role to %s', async (service) => {
    const resource = `arn:aws:iam::${account}:role/RunnerPilot-prod-Service-Role`;
    const context = { 'iam:PassedToService': `${service}.amazonaws.com` };

    expect(await allowed(role, { action: 'iam:PassRole', resource, context })).toBe(false);
  });

  test('may give no other role to a function', async () => {
    const resource = `arn:aws:iam::${account}:role/Admin`;
    const context = { 'iam:PassedToService': 'lambda.amazonaws.com' };

    expect(await allowed(role, { action: 'iam:PassRole', resource, context })).toBe(false);
  });
});

describe('with the policy for bounded roles', () => {
  const own = `arn:aws:iam::${account}:role/RunnerPilot-prod-Service-Role`;
  const boundary = (name: string) => ({ 'iam:PermissionsBoundary': `arn:aws:iam::${account}:policy/${name}` });
  const actions = [
    'iam:CreateRole',
    'iam:PutRolePolicy',
    'iam:PutRolePermissionsBoundary',
    'iam:UpdateAssumeRolePolicy',
  ];

  test.each(actions)('%s asks for the boundary, and for no other', async (action) => {
    const asked = (context: AwsRequest['context'] = {}) => allowed(boundedRole, { action, resource: own, context });

    expect(await asked(boundary('RunnerPilotBoundary'))).toBe(true);
    expect(await asked(boundary('Another'))).toBe(false);
    expect(await asked()).toBe(false);
  });

  test('no boundary is taken off', async () => {
    const context = boundary('RunnerPilotBoundary');
    const request = { action: 'iam:DeleteRolePermissionsBoundary', resource: own, context };

    expect(await allowed(role, request)).toBe(true);
    expect(await allowed(boundedRole, request)).toBe(false);
  });
});

describe('the table of handlers', () => {
  test('leaves out only what is in it, and what only properties need that no stage uses', () => {
    for (const { id, resource } of placed) {
      const found = handlersOf(resource.Type);
      for (const [property, actions] of Object.entries(found.leftOut ?? {})) {
        expect(saidBy(found)).toEqual(expect.arrayContaining([...actions]));
        expect(resource.Properties, id).not.toHaveProperty(property);
      }
    }
  });

  test('has no type that no stage has', () => {
    expect([...new Set(placed.map(({ resource }) => resource.Type))].sort()).toEqual(Object.keys(known).sort());
  });
});

// "The total size of a managed policy … cannot exceed 6,144 characters", white space not counted.
test.each([policy, bounded])('a policy fits into a managed policy of IAM', (document) => {
  expect(JSON.stringify(document).length).toBeLessThanOrEqual(6144);
});
