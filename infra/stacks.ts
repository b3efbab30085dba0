import { type App, CfnOutput, Stack } from 'aws-cdk-lib';
import { dress, RunnerPilot } from './runner-pilot.ts';
import type { ServiceParts } from './service.ts';
import type { Stage } from './stage.ts';
import { createState, publishedState, publishState } from './state.ts';

/** The two stacks of a stage: what must survive, and what can be made anew. */
export function createStacks(app: App, stage: Stage, parts: ServiceParts): { state: Stack; service: Stack } {
  const env = {
    ...(stage.account && { account: stage.account }),
    ...(stage.region && { region: stage.region }),
  };
  const state = new Stack(app, `RunnerPilot-${stage.name}-State`, {
    env,
    description: `Runner Pilot ${stage.name}: what must survive (table, keys, nodes' logs)`,
    terminationProtection: stage.removal === 'retain',
  });
  publishState(state, stage, createState(state, stage));
  dress(state, stage);

  const service = new Stack(app, `RunnerPilot-${stage.name}-Service`, {
    env,
    description: `Runner Pilot ${stage.name}: API, functions, schedule`,
  });
  service.addStackDependency(state, 'what it publishes is read when the service is deployed');
  const made = new RunnerPilot(service, 'RunnerPilot', { stage, state: publishedState(service, stage), ...parts });
  const { url, documentName, tableName, domainTarget } = made.service;
  const outputs = { ApiUrl: url, Document: documentName, Table: tableName, DomainTarget: domainTarget };
  for (const [name, value] of Object.entries(outputs)) if (value !== undefined) new CfnOutput(service, name, { value });
  return { state, service };
}
