import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { nodesLogGroup, stateParameter } from './names.ts';
import type { Stage } from './stage.ts';
import { createTable } from './table.ts';

/** What must survive, by the names that the service is built from. */
export interface State {
  readonly tableName: string;
  readonly dataKeyArn: string;
  /** By the names in the stage's `signing.keys`. */
  readonly signingKeyArns: Readonly<Record<string, string>>;
  readonly nodesLogGroupName: string;
  /** Twelve hexadecimal digits, part of container and runner labels. */
  readonly deploymentId: string;
}

/** What must survive: the table, the keys, the nodes' logs, the deployment's id. */
export function createState(scope: Construct, stage: Stage): State {
  // RetainExceptOnCreate: a first deployment that fails leaves nothing behind that blocks the second.
  const removalPolicy = stage.removal === 'retain' ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

  const dataKey = new Key(scope, 'DataKey', {
    description: `Runner Pilot ${stage.name}: wraps the organizations' data keys`,
    enableKeyRotation: true,
    removalPolicy,
  });
  const signingKeyArns = Object.fromEntries(
    stage.signing.keys.map((name) => {
      const key = new Key(scope, `SigningKey-${name}`, {
        description: `Runner Pilot ${stage.name}: signs tokens (${name})`,
        keySpec: KeySpec.ECC_NIST_P256,
        keyUsage: KeyUsage.SIGN_VERIFY,
        removalPolicy,
      });
      return [name, key.keyArn];
    }),
  );
  const nodes = new LogGroup(scope, 'NodesLogs', {
    logGroupName: nodesLogGroup(stage),
    retention: stage.retentionDays.nodes,
    removalPolicy,
  });

  return {
    tableName: stage.restoredTable ?? createTable(scope, stage, removalPolicy).ref,
    dataKeyArn: dataKey.keyArn,
    signingKeyArns,
    nodesLogGroupName: nodes.logGroupName,
    deploymentId: stage.deploymentId ?? idOfStack(Stack.of(scope)),
  };
}

/** Half of the stack's own UUID (`arn:…:stack/<name>/<uuid>`): random, and the same for as long as the stack lives. */
function idOfStack(stack: Stack): string {
  const uuid = Fn.split('-', Fn.select(2, Fn.split('/', stack.stackId)), 5);
  return Fn.join('', [Fn.select(0, uuid), Fn.select(1, uuid)]);
}

/** Publishes what the state is, for another stack of the same account and region. */
export function publishState(scope: Construct, stage: Stage, state: State): void {
  const publish = (what: string, stringValue: string): void => {
    new StringParameter(scope, `Published-${what}`, { parameterName: stateParameter(stage, what), stringValue });
  };
  publish('table', state.tableName);
  publish('data-key', state.dataKeyArn);
  for (const [name, arn] of Object.entries(state.signingKeyArns)) publish(`signing-key-${name}`, arn);
  publish('deployment', state.deploymentId);
}

/** What another stack has published: no exports, so that neither stack holds the other's changes up. */
export function publishedState(scope: Construct, stage: Stage): State {
  const read = (what: string): string => StringParameter.valueForStringParameter(scope, stateParameter(stage, what));
  return {
    tableName: read('table'),
    dataKeyArn: read('data-key'),
    signingKeyArns: Object.fromEntries(stage.signing.keys.map((name) => [name, read(`signing-key-${name}`)])),
    nodesLogGroupName: nodesLogGroup(stage),
    deploymentId: read('deployment'),
  };
}
