import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { alarms } from '#infra/alarms.ts';
import { ofType, preparedParts, type Synthesized, synthesize } from './synth.ts';

// What has cost others a failed deployment, each as an assertion on the template.

let made: Synthesized;
beforeAll(async () => {
  made = await synthesize();
});

test('the stage is made after its routes: settings for a route that is not there fail the deployment', () => {
  const [[, stage] = []] = ofType(made.service, 'AWS::ApiGatewayV2::Stage');
  const routes = ofType(made.service, 'AWS::ApiGatewayV2::Route').map(([id]) => id);

  expect(Object.keys(stage?.Properties.RouteSettings ?? {})).toEqual(['POST /auth/register', 'POST /auth/login']);
  expect(routes.length).toBeGreaterThan(30);
  expect(stage?.DependsOn).toEqual(expect.arrayContaining(routes));
});

test('the document is updated by a new version: one with a name can not be replaced', () => {
  const [[, document] = []] = ofType(made.service, 'AWS::SSM::Document');

  expect(document?.Properties).toMatchObject({ Name: 'RunnerPilot-prod-Sync', UpdateMethod: 'NewVersion' });
});

test('table, keys, roles and functions have generated names: one left behind blocks no deployment', () => {
  const nameOf: Readonly<Record<string, string>> = {
    'AWS::DynamoDB::Table': 'TableName',
    'AWS::Lambda::Function': 'FunctionName',
    'AWS::IAM::Role': 'RoleName',
    'AWS::KMS::Alias': 'AliasName',
    'AWS::SNS::Topic': 'TopicName',
  };
  const named = [made.state, made.service].flatMap(({ Resources }) =>
    Object.entries(Resources).filter(([, { Type, Properties = {} }]) => (nameOf[Type] ?? '') in Properties),
  );

  expect(named).toEqual([]);
});

test('what is deleted with the service has no name that outlives it', () => {
  for (const [id, { DeletionPolicy }] of ofType(made.service, 'AWS::Logs::LogGroup')) {
    expect(DeletionPolicy, id).toBe('Delete');
  }
});

test('access logs are where the account’s log policy does not grow with each API', () => {
  const groups = ofType(made.service, 'AWS::Logs::LogGroup').map(([, { Properties }]) => Properties.LogGroupName);

  expect(groups).toContain('/aws/vendedlogs/runner-pilot/prod/access');
});

test('handlers take fewer than three parameters: Node 24 refuses those that could call back', async () => {
  const { functions } = await preparedParts();

  for (const { id } of functions) {
    const { handler } = await import(new URL(`../../functions/${id.replace('.', '/')}.ts`, import.meta.url).href);
    expect(handler.length, id).toBeLessThan(3);
  }
});

test('between the stacks are names, no exports: neither holds a change of the other up', () => {
  for (const { Outputs } of [made.state, made.service]) {
    for (const [id, output] of Object.entries(Outputs)) expect(output.Export, id).toBeUndefined();
  }
  expect(JSON.stringify(made.service)).not.toContain('Fn::ImportValue');
});

test('every name that the service reads is one that the state publishes', () => {
  const published = ofType(made.state, 'AWS::SSM::Parameter').map(([, { Properties }]) => Properties.Name);
  const read = Object.values(made.service.Parameters)
    .filter(({ Type }) => Type === 'AWS::SSM::Parameter::Value<String>')
    .map(({ Default }) => Default)
    .filter((name) => name?.startsWith('/runner-pilot/'));

  expect(read.length).toBeGreaterThan(3);
  expect(published).toEqual(expect.arrayContaining(read));
});

test('a missed run of the sweep is not made up for: the next one is a minute away', () => {
  const [[, rule] = []] = ofType(made.service, 'AWS::Events::Rule');
  const [[, invoke] = []] = ofType(made.service, 'AWS::Lambda::EventInvokeConfig');

  expect(rule?.Properties).toMatchObject({
    ScheduleExpression: 'rate(1 minute)',
    Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } }],
  });
  expect(invoke?.Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
});

test('per-route metrics, which are paid for one by one, are off', () => {
  expect(JSON.stringify(ofType(made.service, 'AWS::ApiGatewayV2::Stage'))).not.toContain(
    '"DetailedMetricsEnabled":true',
  );
});

test('templates stay within what CloudFormation takes', () => {
  for (const template of [made.state, made.service]) {
    expect(Object.keys(template.Resources).length).toBeLessThan(500);
    expect(JSON.stringify(template).length).toBeLessThan(1_000_000);
  }
});

test('every alarm has a section in the operator’s guide', async () => {
  const guide = await readFile('docs/operations.md', 'utf8');

  for (const { name } of alarms) expect(guide, name).toMatch(new RegExp(`^### ${name}$`, 'm'));
  expect(ofType(made.service, 'AWS::CloudWatch::Alarm')).toHaveLength(alarms.length);
});
