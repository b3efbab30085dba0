import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { reachable } from '#runtime/service.ts';
import { type Attachment, attachments, taskRoot } from './attachments.ts';
import type { FunctionDescription } from './functions.ts';
import type { Granted } from './grants.ts';
import { syncDocument } from './names.ts';

/** What variables can be made from. */
export interface Surroundings extends Granted {
  readonly jwks: string;
  readonly url: string;
  readonly nodeRoleName: string;
  /** Of the agent's program that this service serves. */
  readonly agentSha256: string;
}

/** Every variable that a deployment knows, by the name that services read it under. */
const known = (scope: Construct, id: string, around: Surroundings): Readonly<Record<string, string | undefined>> => ({
  RUNNER_PILOT_AGENT_SHA256: around.agentSha256,
  RUNNER_PILOT_DATA_KEY: around.state.dataKeyArn,
  RUNNER_PILOT_DEPLOYMENT: around.state.deploymentId,
  RUNNER_PILOT_JWKS: around.jwks,
  RUNNER_PILOT_LOG_GROUP: around.state.nodesLogGroupName,
  RUNNER_PILOT_METRICS_STAGE: around.stage.name,
  RUNNER_PILOT_NODE_ROLE: around.nodeRoleName,
  RUNNER_PILOT_PUBLIC_URL: around.url,
  RUNNER_PILOT_REGION: Stack.of(scope).region,
  RUNNER_PILOT_SIGNING_KEY: around.state.signingKeyArns[around.stage.signing.current],
  RUNNER_PILOT_STAGE: around.stage.name,
  RUNNER_PILOT_SYNC_DOCUMENT: syncDocument(around.stage),
  RUNNER_PILOT_TABLE: around.state.tableName,
  RUNNER_PILOT_TELEMETRY_ROLE_ARN: around.telemetryRoleArn,
  ...attached(attachments[id]),
  ...around.stage.settings,
});

const attached = (attachment: Attachment | undefined): Readonly<Record<string, string>> =>
  attachment ? { [attachment.variable]: `${taskRoot}/${attachment.into}` } : {};

/** The environment of a function: what the services read that it is handed, and no variable more. */
export function environmentOf(
  scope: Construct,
  { id, services }: FunctionDescription,
  around: Surroundings,
): Readonly<Record<string, string>> {
  const values = known(scope, id, around);
  const read = reachable(services).flatMap(({ config }) => Object.entries(config.shape));
  const missing = read.filter(([name, schema]) => values[name] === undefined && !optional(schema));
  if (missing.length > 0) {
    throw new Error(`${id} reads ${missing.map(([name]) => name).join(', ')}: give infra/environment.ts a value.`);
  }
  return Object.fromEntries(
    read.flatMap(([name]) => {
      const value = values[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

const optional = (schema: unknown): boolean =>
  (schema as { safeParse(value: unknown): { success: boolean } }).safeParse(undefined).success;
