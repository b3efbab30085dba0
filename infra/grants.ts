import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { type Resource, reachable } from '#runtime/service.ts';
import { acknowledgeWildcard } from './acknowledge.ts';
import type { FunctionDescription } from './functions.ts';
import { stageTag, syncDocument } from './names.ts';
import type { Stage } from './stage.ts';
import type { State } from './state.ts';

/** What grants can be about. */
export interface Granted {
  readonly stage: Stage;
  readonly state: State;
  readonly telemetryRoleArn: string;
  readonly activationRoleArn: string;
}

/** A resource as IAM knows it. */
interface Target {
  readonly arns: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Why an ARN ends in a wildcard. */
  readonly reason?: string;
}

/** Every resource that a service may name, exhaustive by type: a new one does not compile until it is here. */
export function targets(scope: Construct, { stage, state, ...roles }: Granted): Readonly<Record<Resource, Target>> {
  const arn = (service: string, resource: string): string => Stack.of(scope).formatArn({ service, resource });
  const table = arn('dynamodb', `table/${state.tableName}`);
  const signingKey = state.signingKeyArns[stage.signing.current];
  if (!signingKey) throw new Error(`The signing key ${stage.signing.current} is not in the state.`);
  return {
    table: { arns: [table] },
    'table-index': { arns: [`${table}/index/due`] },
    // A transaction names each row that it writes; one that is not a throttle's makes it fail.
    'throttle-rows': {
      arns: [table],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'THROTTLE#*' },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    },
    'signing-key': { arns: [signingKey] },
    'data-key': { arns: [state.dataKeyArn] },
    'log-group': {
      arns: [arn('logs', `log-group:${state.nodesLogGroupName}:*`)],
      reason: 'A stream per instance, made by its node; the function reads those of the organization it has checked.',
    },
    'telemetry-role': { arns: [roles.telemetryRoleArn] },
    'activation-role': {
      arns: [roles.activationRoleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } },
    },
    'sync-document': { arns: [arn('ssm', `document/${syncDocument(stage)}`)] },
    'managed-instances': {
      arns: [arn('ssm', 'managed-instance/*')],
      conditions: { StringEquals: { [`ssm:resourceTag/${stageTag}`]: stage.name } },
      reason: "Machines get their id when they register; the condition on our stage's tag is what bounds it.",
    },
    any: {
      arns: ['*'],
      reason: 'AWS knows no resource level for making, listing and ending activations, nor for listing machines.',
    },
  };
}

/** Actions that AWS gives no resource level. Nothing else may be granted on everything. */
export const actionsWithoutResource: readonly string[] = [
  'ssm:CreateActivation',
  'ssm:DeleteActivation',
  'ssm:DescribeActivations',
  'ssm:DescribeInstanceInformation',
];

/** Lets a function's role do what the services need that the function is handed, and nothing else. */
export function grant(role: Role, { id, services }: FunctionDescription, granted: Granted): void {
  const known = targets(role, granted);
  for (const { on, actions } of reachable(services).flatMap(({ grants }) => grants)) {
    const refused = actions.filter(
      (action) => action.includes('*') || (on === 'any' && !actionsWithoutResource.includes(action)),
    );
    if (refused.length > 0) throw new Error(`${id} must not be granted ${refused.join(', ')} on "${on}".`);
    const { arns, conditions, reason } = known[on];
    role.addToPolicy(
      new PolicyStatement({ actions: [...actions], resources: [...arns], ...(conditions && { conditions }) }),
    );
    if (reason) for (const arn of arns) acknowledgeWildcard(role, arn, reason);
  }
}
