import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as Lambda,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { functionLogGroup, pascal } from './names.ts';
import type { Stage } from './stage.ts';

/** A function with a role, a log group and an artefact of its own. */
export interface LambdaProps {
  readonly stage: Stage;
  readonly id: string;
  readonly role: Role;
  /** The folder of its artefact. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly description: string;
}

/** The role of a function, before the function itself: others may have to know it. It grants nothing yet. */
export const createLambdaRole = (scope: Construct, stage: Stage, id: string): Role =>
  new Role(scope, `${pascal(id)}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Runner Pilot ${stage.name}: ${id}`,
  });

/** Makes a function, and lets its role write the function's own log. */
export function createLambda(scope: Construct, { stage, id, role, ...props }: LambdaProps): Lambda {
  const logs = new LogGroup(scope, `${pascal(id)}Logs`, {
    logGroupName: functionLogGroup(stage, id),
    retention: stage.retentionDays.functions,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  role.addToPolicy(
    new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
  );
  if (stage.tracing) acknowledgeWildcard(role, '*', 'X-Ray knows no resource level for PutTraceSegments.');
  const reserved = stage.reservedConcurrencyOf[id];
  return new Lambda(scope, pascal(id), {
    description: props.description,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(props.folder, { exclude: ['*.map'] }),
    memorySize: stage.memoryMbOf[id] ?? stage.memoryMb,
    timeout: Duration.seconds(props.timeoutSeconds),
    role,
    logGroup: logs,
    // Lambda's own START, END and REPORT would be half of what is logged, and are paid for; its metrics are free.
    loggingFormat: LoggingFormat.JSON,
    systemLogLevelV2: SystemLogLevel.WARN,
    environment: { ...props.environment },
    tracing: stage.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
  });
}
