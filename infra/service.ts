import { CustomResource, Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { createAlarms } from './alarms.ts';
import { createApi, serveApi } from './api.ts';
import { type Bundles, jwksFunction } from './bundle.ts';
import { createDashboard } from './dashboard.ts';
import { environmentOf } from './environment.ts';
import type { FunctionDescription } from './functions.ts';
import { grant } from './grants.ts';
import { createLambda, createLambdaRole } from './lambda.ts';
import { createDocument, createNodeRole, createTelemetryRole } from './nodes.ts';
import type { Stage } from './stage.ts';
import type { State } from './state.ts';

/** What a service is made of besides its stage and its state. */
export interface ServiceParts {
  readonly functions: readonly FunctionDescription[];
  readonly bundles: Pick<Bundles, 'folderOf'>;
  /** Of the agent's program, in hex. */
  readonly agentSha256: string;
}

/** Longer than others: what waits for a container, and what looks after all of them. */
const timeoutSecondsOf: Readonly<Record<string, number>> = { 'instances.create': 29, 'sweep.run': 55 };

/** Where a service is to be found. */
export interface Service {
  /** The API's address, without a slash at its end. */
  readonly url: string;
  /** The document that rings nodes. */
  readonly documentName: string;
  readonly tableName: string;
  /** Where the record of the custom domain has to point. */
  readonly domainTarget: string | undefined;
}

/** Everything that can be made anew: the API, its functions, the schedule, the nodes' document and roles. */
export function createService(scope: Construct, stage: Stage, state: State, parts: ServiceParts): Service {
  const { functions, bundles, agentSha256 } = parts;
  const api = createApi(scope, stage);
  const document = createDocument(scope, stage);
  const nodeRole = createNodeRole(scope, stage);
  const roles = new Map(functions.map(({ id }) => [id, createLambdaRole(scope, stage, id)]));
  const roleOf = (id: string) => {
    const role = roles.get(id);
    if (!role) throw new Error(`There is no function ${id}.`);
    return role;
  };
  const telemetryRole = createTelemetryRole(scope, stage, state, roleOf('agent.credentials'));
  const jwks = createJwks(scope, stage, state, bundles);

  const granted = {
    stage,
    state,
    telemetryRoleArn: telemetryRole.roleArn,
    activationRoleArn: nodeRole.roleArn,
  };
  const around = { ...granted, jwks, url: api.url, nodeRoleName: nodeRole.roleName, agentSha256 };
  const lambdas = new Map(
    functions.map((described) => {
      const { id } = described;
      const role = roleOf(id);
      grant(role, described, granted);
      const lambda = createLambda(scope, {
        stage,
        id,
        role,
        folder: bundles.folderOf(id),
        environment: environmentOf(scope, described, around),
        timeoutSeconds: timeoutSecondsOf[id] ?? 10,
        description: `Runner Pilot ${stage.name}: ${described.routeKey ?? id}`,
      });
      return [id, lambda];
    }),
  );
  serveApi(scope, stage, api, functions, lambdas);

  const sweep = lambdas.get('sweep.run');
  if (sweep) {
    // A run that comes late or fails is made up for by the next one: neither the rule nor Lambda tries again.
    const never = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };
    sweep.configureAsyncInvoke(never);
    new Rule(scope, 'SweepSchedule', {
      description: `Runner Pilot ${stage.name}: look at what is due`,
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweep, never)],
    });
  }

  const watched = { apiId: api.http.apiId, tableName: state.tableName };
  createAlarms(scope, stage, watched);
  if (stage.dashboard) createDashboard(scope, stage, watched);

  return {
    url: api.url,
    documentName: document.ref,
    tableName: state.tableName,
    domainTarget: api.domain?.regionalDomainName,
  };
}

/**
 * The signing keys' public halves, as every function has them: fetched once a deployment, never at a start. The first is
 * that of the key that signs now.
 */
function createJwks(
  scope: Construct,
  stage: Stage,
  { signingKeyArns }: State,
  bundles: ServiceParts['bundles'],
): string {
  const { current, keys: names } = stage.signing;
  const keys = [current, ...names.filter((name) => name !== current)].flatMap((name) => signingKeyArns[name] ?? []);
  const role = createLambdaRole(scope, stage, jwksFunction);
  role.addToPolicy(new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: keys }));
  const publisher = createLambda(scope, {
    stage,
    id: jwksFunction,
    role,
    folder: bundles.folderOf(jwksFunction),
    environment: {},
    timeoutSeconds: 30,
    description: `Runner Pilot ${stage.name}: publishes the signing keys' public halves`,
  });
  const resource = new CustomResource(scope, 'Jwks', {
    serviceToken: publisher.functionArn,
    serviceTimeout: Duration.minutes(2),
    resourceType: 'Custom::RunnerPilotJwks',
    properties: { SigningKeys: keys },
  });
  // The role's policy has to be there before CloudFormation calls the function.
  resource.node.addDependency(publisher);
  return resource.getAttString('Jwks');
}
