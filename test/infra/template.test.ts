import { beforeAll, describe, expect, test } from 'vitest';
import { operations } from '#contract/operations.ts';
import { tableDescription, ttlAttribute } from '#store/table.ts';
import { ofType, type Property, type Synthesized, synthesize, type TemplateResource } from './synth.ts';

let made: Synthesized;
beforeAll(async () => {
  made = await synthesize();
});

const refOf = (value: Property | undefined): string => {
  const { Ref, 'Fn::GetAtt': attribute } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
  return Ref ?? attribute?.[0] ?? '';
};
const functions = (): [string, TemplateResource][] => ofType(made.service, 'AWS::Lambda::Function');

describe('every function', () => {
  test('is there: one for each operation, the fallback, the sweep, and the one that publishes keys', () => {
    expect(functions()).toHaveLength(operations.length + 3);
  });

  test('runs on Node 24 and arm64, with a time limit below that of the API', () => {
    for (const [id, { Properties }] of functions()) {
      expect(Properties, id).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      if (/Sweep|Jwks/.test(id)) continue;
      expect(Properties.Timeout, id).toBeLessThan(30);
    }
  });

  test('has a role that no other function has, and that only Lambda may take', () => {
    const roles = functions().map(([, { Properties }]) => refOf(Properties.Role));

    expect(new Set(roles).size).toBe(functions().length);
    for (const role of roles) {
      expect(made.service.Resources[role]?.Properties).toMatchObject({
        AssumeRolePolicyDocument: {
          Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
        },
      });
      expect(made.service.Resources[role]?.Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  test('has a log group of its own, that forgets after a while', () => {
    const groups = functions().map(([, { Properties }]) =>
      refOf((Properties.LoggingConfig as Record<string, Property>).LogGroup),
    );

    expect(new Set(groups).size).toBe(functions().length);
    for (const group of groups) expect(made.service.Resources[group]?.Properties.RetentionInDays, group).toBe(30);
  });

  test('has 512 MB, and a whole CPU where passwords are hashed', () => {
    const sizes = Object.fromEntries(
      functions().map(([, { Properties }]) => [Properties.Description, Properties.MemorySize]),
    );

    expect(Object.values(sizes).filter((size) => size === 1769)).toHaveLength(2);
    expect(sizes).toMatchObject({
      'Runner Pilot prod: POST /auth/register': 1769,
      'Runner Pilot prod: POST /auth/login': 1769,
      'Runner Pilot prod: GET /org': 512,
    });
  });

  test('takes no share of a fresh account’s concurrency', () => {
    for (const [id, { Properties }] of functions()) {
      expect(Properties, id).not.toHaveProperty('ReservedConcurrentExecutions');
    }
  });
});

describe('what must survive', () => {
  test('the table is the one that repositories and local engine know, recoverable and protected', () => {
    const [[, table] = []] = ofType(made.state, 'AWS::DynamoDB::Table');

    expect(table?.Properties).toMatchObject({
      ...tableDescription,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    });
  });

  test('table, keys and the nodes’ logs stay when their stack goes, but not when its first deployment fails', () => {
    const kept = Object.values(made.state.Resources).filter(({ Type }) => Type !== 'AWS::SSM::Parameter');

    expect(kept.map(({ Type }) => Type).sort()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::KMS::Key',
      'AWS::KMS::Key',
      'AWS::Logs::LogGroup',
    ]);
    for (const { DeletionPolicy, UpdateReplacePolicy } of kept) {
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
    }
  });

  test('the signing key signs and nothing else; the data key is rotated', () => {
    const keys = ofType(made.state, 'AWS::KMS::Key').map(([, { Properties }]) => Properties);

    expect(keys).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
        expect.objectContaining({ EnableKeyRotation: true }),
      ]),
    );
  });

  test('a stage that says so leaves nothing behind', async () => {
    const { state } = await synthesize({ removal: 'destroy' });

    for (const { Type, DeletionPolicy, Properties } of Object.values(state.Resources)) {
      if (Type === 'AWS::SSM::Parameter') continue;
      expect(DeletionPolicy, Type).toBe('Delete');
      expect(Properties.DeletionProtectionEnabled ?? false).toBe(false);
    }
  });
});

describe('nothing is open', () => {
  test('there is no bucket, no function address, no cluster, no network', () => {
    const types = [made.state, made.service].flatMap(({ Resources }) =>
      Object.values(Resources).map(({ Type }) => Type),
    );

    expect(types.filter((type) => /S3|Lambda::Url|EC2|RDS|ECS/.test(type))).toEqual([]);
  });

  test('nobody may take a role without being named', () => {
    for (const [id, { Properties }] of ofType(made.service, 'AWS::IAM::Role')) {
      const text = JSON.stringify(Properties.AssumeRolePolicyDocument);
      expect(text, id).not.toMatch(/"Principal":"\*"|"AWS":"\*"/);
      if (!text.includes('"AWS"')) continue;
      // The account's root stands for whoever in it may; the condition names one role.
      expect(text, id).toContain('"ArnEquals":{"aws:PrincipalArn":{"Fn::GetAtt":["RunnerPilotAgentCredentialsRole');
    }
  });

  test('machines take their role only through SSM, from this account', () => {
    const [role] = ofType(made.service, 'AWS::IAM::Role').filter(([id]) => id.includes('NodeRole'));

    expect(role?.[1].Properties).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'ssm.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
  });

  test('only the API and the schedule call functions', () => {
    for (const [id, { Properties }] of ofType(made.service, 'AWS::Lambda::Permission')) {
      expect(['apigateway.amazonaws.com', 'events.amazonaws.com'], id).toContain(Properties.Principal);
      expect(Properties.SourceArn, id).toBeDefined();
    }
  });
});

describe('options of a stage', () => {
  test('tags are on every resource that takes tags, and the boundary on every role', async () => {
    const boundary = 'arn:aws:iam::111122223333:policy/Boundary';
    const { service } = await synthesize({ tags: { team: 'ci' }, permissionsBoundary: boundary });

    for (const [id, { Properties }] of ofType(service, 'AWS::IAM::Role')) {
      expect(Properties, id).toMatchObject({ PermissionsBoundary: boundary });
      expect(JSON.stringify(Properties.Tags), id).toContain('{"Key":"team","Value":"ci"}');
    }
  });

  test('a custom domain is mapped to the stage, and is the address that functions know', async () => {
    const { service } = await synthesize({
      domain: { name: 'runners.example.com', certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1' },
    });

    const domains = ofType(service, 'AWS::ApiGatewayV2::DomainName').map(([, { Properties }]) => Properties);
    expect(domains).toMatchObject([{ DomainNameConfigurations: [{ SecurityPolicy: 'TLS_1_2' }] }]);
    expect(ofType(service, 'AWS::ApiGatewayV2::ApiMapping')).toHaveLength(1);
    expect(service.Outputs.ApiUrl?.Value).toBe('https://runners.example.com');
  });

  test('CORS is off without origins, and for those it is given', async () => {
    const { service } = await synthesize({ corsOrigins: ['https://console.example.com'] });
    const cors = (template: Synthesized['service']) =>
      ofType(template, 'AWS::ApiGatewayV2::Api')[0]?.[1].Properties.CorsConfiguration;

    expect(cors(made.service)).toBeUndefined();
    expect(cors(service)).toMatchObject({ AllowOrigins: ['https://console.example.com'] });
  });

  test('alarms reach the stage’s address, once somebody has confirmed it', async () => {
    const { service } = await synthesize({ alarmEmail: 'infrastructure@example.com' });

    expect(ofType(service, 'AWS::SNS::Subscription')[0]?.[1].Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'infrastructure@example.com',
    });
    for (const [id, { Properties }] of ofType(service, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions, id).toHaveLength(1);
    }
  });

  test('several stages share an account: no name is the same', async () => {
    const other = await synthesize({ name: 'trial' });
    const names = ({ state, service }: Synthesized) =>
      [state, service].flatMap(({ Resources }) =>
        Object.values(Resources).flatMap(({ Properties = {} }) =>
          ['Name', 'LogGroupName', 'AlarmName', 'DashboardName'].flatMap((key) => Properties[key] ?? []),
        ),
      );

    const shared = names(made).filter((name) => names(other).includes(name));

    expect(names(made).length).toBeGreaterThan(40);
    expect(shared).toEqual([]);
  });
});
