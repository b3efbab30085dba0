import { Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Effect, type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { syncDocument as content } from '#agent/document.ts';
import { acknowledgeWildcard } from './acknowledge.ts';
import { syncDocument } from './names.ts';
import type { Stage } from './stage.ts';
import type { State } from './state.ts';

/** The document that rings a node: the very one that local mode runs. */
export function createDocument(scope: Construct, stage: Stage): CfnDocument {
  return new CfnDocument(scope, 'SyncDocument', {
    name: syncDocument(stage),
    documentType: 'Command',
    documentFormat: 'JSON',
    content,
    // A named document can't be replaced. "When you specify NewVersion, the default version of the document is changed
    // to the newly created version."
    updateMethod: 'NewVersion',
  });
}

/**
 * What a customer's machine may do once it has registered with an activation. Not AmazonSSMManagedInstanceCore, which
 * lets it read every parameter of the account: this is what the SSM agent's protocol needs, and no more.
 */
export function createNodeRole(scope: Construct, stage: Stage): Role {
  const { account, region, partition } = Stack.of(scope);
  const machines = `arn:${partition}:ssm:${region}:${account}:managed-instance/*`;
  const role = new Role(scope, 'NodeRole', {
    description: `Runner Pilot ${stage.name}: the SSM agent on customers' machines`,
    assumedBy: new ServicePrincipal('ssm.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:ssm:${region}:${account}:*` },
      },
    }),
  });
  const allow = (actions: readonly string[], resources: Readonly<Record<string, string>>): void => {
    role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: Object.keys(resources) }),
    );
    for (const [resource, reason] of Object.entries(resources)) acknowledgeWildcard(role, resource, reason);
  };
  const unknown = 'Machines get their id when they register, all with this role.';
  allow(
    [
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
      'ec2messages:AcknowledgeMessage',
      'ec2messages:DeleteMessage',
      'ec2messages:FailMessage',
      'ec2messages:GetEndpoint',
      'ec2messages:GetMessages',
      'ec2messages:SendReply',
    ],
    { '*': 'AWS knows no resource level for channels and messages: a machine reaches its own by its registration.' },
  );
  allow(['ssm:UpdateInstanceInformation', 'ssm:ListInstanceAssociations'], { [machines]: unknown });
  allow(['ssm:UpdateInstanceAssociationStatus'], {
    [machines]: unknown,
    [`arn:${partition}:ssm:${region}:${account}:association/*`]: 'Associations are made by AWS, with ids of its own.',
  });
  return role;
}

/**
 * The most that a node's telemetry credentials can be: `agent.credentials` assumes this role with a session policy that
 * narrows it to one organization's streams.
 */
export function createTelemetryRole(scope: Construct, stage: Stage, state: State, user: IRole): Role {
  const role = new Role(scope, 'TelemetryRole', {
    description: `Runner Pilot ${stage.name}: nodes write logs and beats`,
    // Not the role itself as principal: IAM refuses one that it can't see yet, and forgets one that was made anew.
    assumedBy: new AccountRootPrincipal().withConditions({ ArnEquals: { 'aws:PrincipalArn': user.roleArn } }),
  });
  const group = Stack.of(scope).formatArn({ service: 'logs', resource: `log-group:${state.nodesLogGroupName}` });
  const streams = `${group}:log-stream:*`;
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [streams],
    }),
  );
  acknowledgeWildcard(role, streams, "A session policy narrows each session to one organization's streams.");
  return role;
}
