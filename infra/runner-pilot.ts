import { Tags } from 'aws-cdk-lib';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { buildAgent } from '#agent/build.ts';
import { agentFolder } from './attachments.ts';
import { bundle } from './bundle.ts';
import { describeFunctions } from './functions.ts';
import { createService, type Service, type ServiceParts } from './service.ts';
import type { Stage } from './stage.ts';
import { createState, type State } from './state.ts';

/** Asks the functions what they need, and bundles them and the agent: once for any number of stages. */
export async function prepareRunnerPilot(): Promise<ServiceParts> {
  const [functions, { sha256: agentSha256 }] = await Promise.all([describeFunctions(), buildAgent(agentFolder)]);
  return { functions, bundles: await bundle(functions.map(({ id }) => id)), agentSha256 };
}

/** What {@link RunnerPilot} is made from. */
export interface RunnerPilotProps extends ServiceParts {
  readonly stage: Stage;
  /** What must survive. @default made in the same scope */
  readonly state?: State;
}

/** The whole product, for an app of one's own: `new RunnerPilot(stack, 'RunnerPilot', { stage, ...await prepareRunnerPilot() })`. */
export class RunnerPilot extends Construct {
  /** Where it is to be found, once it is deployed. */
  readonly service: Service;

  constructor(scope: Construct, id: string, { stage, state, ...parts }: RunnerPilotProps) {
    super(scope, id);
    this.service = createService(this, stage, state ?? createState(this, stage), parts);
    dress(this, stage);
  }
}

/** Tags, and the boundary of every role. */
export function dress(scope: Construct, stage: Stage): void {
  Tags.of(scope).add('runner-pilot:stage', stage.name);
  for (const [name, value] of Object.entries(stage.tags)) Tags.of(scope).add(name, value);
  if (!stage.permissionsBoundary) return;
  PermissionsBoundary.of(scope).apply(
    ManagedPolicy.fromManagedPolicyArn(scope, 'PermissionsBoundary', stage.permissionsBoundary),
  );
}
