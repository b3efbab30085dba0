import { account, region } from './physical.ts';
import type { AwsRequest } from './simulate.ts';
import type { Property, Synthesized, TemplateResource } from './synth.ts';

// What CloudFormation would ask IAM for each resource of a stage: where its calls go, by names as CloudFormation makes them.

/** A resource with the stack that it is in. */
export interface Placed {
  readonly stack: string;
  readonly id: string;
  readonly resource: TemplateResource;
}

/** Every resource of a stage's two stacks. */
export const placedOf = ({ stage, state, service }: Synthesized): readonly Placed[] =>
  Object.entries({ State: state, Service: service }).flatMap(([suffix, { Resources }]) =>
    Object.entries(Resources).map(([id, resource]) => ({ stack: `RunnerPilot-${stage.name}-${suffix}`, id, resource })),
  );

/**
 * `<stack>-<logical id>-<random>`, and where that is too long, both cut short. How short is not documented; names seen in
 * accounts keep 24 characters of the stack's name where 64 are allowed.
 */
function generated(stack: string, id: string, most: number): string {
  const random = '1A2B3C4D5E6F';
  const full = `${stack}-${id}-${random}`;
  if (full.length <= most) return full;
  const short = stack.slice(0, 24);
  return `${short}-${id.slice(0, most - short.length - random.length - 2)}-${random}`;
}

/** The logical id that a property refers to. */
const referred = (value: Property | undefined): string =>
  /"(?:Ref|Fn::GetAtt)":\[?"([^"]+)"/.exec(JSON.stringify(value ?? {}))?.[1] ?? '';

type Naming = (placed: Placed) => string;
const after =
  (most: number, property?: string): Naming =>
  ({ stack, id, resource }) =>
    generated(stack, property ? referred(resource.Properties[property]) : id, most);
const said =
  (property: string): Naming =>
  ({ resource }) =>
    String(resource.Properties[property]);

const role = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
const at = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
const lambda = (name: string): string => at('lambda', `function:${name}`);
const topic = (name: string): string => at('sns', name);

/** Types whose resources have names: what one is called, and its ARN. */
export const named: Readonly<Record<string, { readonly nameOf: Naming; readonly arn: (name: string) => string }>> = {
  'AWS::CloudWatch::Alarm': { nameOf: said('AlarmName'), arn: (name) => at('cloudwatch', `alarm:${name}`) },
  'AWS::CloudWatch::Dashboard': {
    nameOf: said('DashboardName'),
    arn: (name) => `arn:aws:cloudwatch::${account}:dashboard/${name}`,
  },
  'AWS::DynamoDB::Table': { nameOf: after(255), arn: (name) => at('dynamodb', `table/${name}`) },
  'AWS::Events::Rule': { nameOf: after(64), arn: (name) => at('events', `rule/${name}`) },
  'AWS::IAM::Policy': { nameOf: after(64, 'Roles'), arn: role },
  'AWS::IAM::Role': { nameOf: after(64), arn: role },
  'AWS::Lambda::EventInvokeConfig': { nameOf: after(64, 'FunctionName'), arn: lambda },
  'AWS::Lambda::Function': { nameOf: after(64), arn: lambda },
  'AWS::Lambda::Permission': { nameOf: after(64, 'FunctionName'), arn: lambda },
  'AWS::Logs::LogGroup': { nameOf: said('LogGroupName'), arn: (name) => at('logs', `log-group:${name}`) },
  'AWS::SNS::Subscription': { nameOf: after(256, 'TopicArn'), arn: topic },
  'AWS::SNS::Topic': { nameOf: after(256), arn: topic },
  'AWS::SNS::TopicPolicy': { nameOf: after(256, 'Topics'), arn: topic },
  'AWS::SSM::Document': { nameOf: said('Name'), arn: (name) => at('ssm', `document/${name}`) },
  'AWS::SSM::Parameter': { nameOf: said('Name'), arn: (name) => at('ssm', `parameter${name}`) },
  'Custom::RunnerPilotJwks': { nameOf: after(64, 'ServiceToken'), arn: lambda },
};

const http = (path: string): string => `arn:aws:apigateway:${region}::${path}`;
const tags = http('/tags/arn%3Aaws%3Aapigateway');

/** Types whose resources get ids when they are made. */
const numbered: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Api': [http('/apis'), http('/apis/a1b2c3'), http('/apis/a1b2c3/cors'), tags],
  'AWS::ApiGatewayV2::ApiMapping': ['', '/d4e5f6'].map((id) =>
    http(`/domainnames/runners.example.com/apimappings${id}`),
  ),
  'AWS::ApiGatewayV2::DomainName': [http('/domainnames'), http('/domainnames/runners.example.com'), tags],
  'AWS::ApiGatewayV2::Integration': [http('/apis/a1b2c3/integrations'), http('/apis/a1b2c3/integrations/d4e5f6')],
  'AWS::ApiGatewayV2::Route': [http('/apis/a1b2c3/routes'), http('/apis/a1b2c3/routes/d4e5f6')],
  'AWS::ApiGatewayV2::Stage': [http('/apis/a1b2c3/stages'), http('/apis/a1b2c3/stages/$default'), tags],
  'AWS::KMS::Key': [at('kms', 'key/0a1b2c3d-4e5f-6789-abcd-ef0123456789')],
};

const ofStage = (kind: string) => ({ [`aws:${kind}Tag/runner-pilot:stage`]: 'prod' });
const artefact = `arn:aws:s3:::cdk-hnb659fds-assets-${account}-${region}/0123456789abcdef.zip`;
const everything = { resource: '*' };

/** Calls that go elsewhere than to the resource, or that carry something that is decided by. */
const elsewhere: Readonly<Record<string, (placed: Placed) => Omit<AwsRequest, 'action'>>> = {
  'iam:CreateServiceLinkedRole': () => ({
    resource: role('aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway'),
    context: { 'iam:AWSServiceName': 'ops.apigateway.amazonaws.com' },
  }),
  'iam:PassRole': (placed) => ({
    resource: role(after(64, 'Role')(placed)),
    context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
  }),
  'kms:CreateKey': () => ({ resource: '*', context: ofStage('Request') }),
  's3:GetObject': () => ({ resource: artefact }),
  's3:GetObjectVersion': () => ({ resource: artefact }),
  'logs:CreateLogDelivery': () => everything,
  'logs:DeleteLogDelivery': () => everything,
  'logs:DescribeIndexPolicies': () => everything,
  'logs:DescribeLogGroups': () => everything,
  'logs:DescribeResourcePolicies': () => everything,
  'logs:GetLogDelivery': () => everything,
  'logs:ListLogDeliveries': () => everything,
  'logs:PutResourcePolicy': () => everything,
  'logs:UpdateLogDelivery': () => everything,
};

/** What is asked when an action is done for a resource. */
export function requestsOf(placed: Placed, action: string): readonly AwsRequest[] {
  const other = elsewhere[action]?.(placed);
  if (other) return [{ action, ...other }];
  const { Type } = placed.resource;
  const name = named[Type];
  const resources = name ? [name.arn(name.nameOf(placed))] : (numbered[Type] ?? []);
  if (resources.length === 0) throw new Error(`Say in test/infra/execution.ts what the ARN of ${Type} is.`);
  const once = resources.map((resource) => ({ action, resource }));
  if (Type !== 'AWS::KMS::Key') return once;
  const own = once.map((request) => ({ ...request, context: ofStage('Resource') }));
  // A new key is tagged as it is made, when it has no tags yet.
  return action === 'kms:TagResource'
    ? [...own, ...once.map((new_) => ({ ...new_, context: ofStage('Request') }))]
    : own;
}

/** Whether a call is about the resource itself, so that another one's name must make a difference. */
export const isAboutItself = (action: string): boolean => !(action in elsewhere);
