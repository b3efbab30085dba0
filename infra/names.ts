import type { Stage } from './stage.ts';

// Every name that two places have to agree on. All others are generated, so that nothing left behind blocks a deployment.

/** Under these paths the state stack publishes what it has made, and the service stack finds it. */
export const stateParameter = ({ name }: Stage, what: string): string => `/runner-pilot/${name}/state/${what}`;

/** Where nodes write their logs and beats. */
export const nodesLogGroup = ({ name }: Stage): string => `/runner-pilot/${name}/nodes`;

/** What one function logs. */
export const functionLogGroup = ({ name }: Stage, id: string): string => `/runner-pilot/${name}/functions/${id}`;

/** API Gateway adds each log group to one policy of 5,120 characters, unless it is under `/aws/vendedlogs/`. */
export const accessLogGroup = ({ name }: Stage): string => `/aws/vendedlogs/runner-pilot/${name}/access`;

/** The document that rings a node. */
export const syncDocument = ({ name }: Stage): string => `RunnerPilot-${name}-Sync`;

/** The tag of machines that may be rung. */
export const stageTag = 'runner-pilot:stage';

/** `nodes.create` is the Lambda `NodesCreate`. */
export const pascal = (id: string): string =>
  id.replaceAll(/(?:^|[.-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
