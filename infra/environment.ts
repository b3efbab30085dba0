import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { reachable } from '#runtime/service.ts';
import type { FunctionDescription } from './functions.ts';
import type { Granted } from './grants.ts';
import { syncDocument } from './names.ts';

/** What variables can be made from. */
export interface Surroundings extends Granted {
  readonly jwks: string;
  readonly url: string;
  readonly nodeRoleName: string;
}

/** Every variable that a deployment knows, by the name that services read it under. */
const known = (scope: Construct, around: Surroundings): Readonly<Record<string, string | undefined>> => ({
  RUNNER_PILOT_TABLE: around.state.tableName,
  RUNNER_PILOT_DATA_KEY: around.state.dataKeyArn,
  RUNNER_PILOT_DEPLOYMENT: around.state.deploymentId,
  RUNNER_PILOT_JWKS: around.jwks,
  RUNNER_PILOT_METRICS_STAGE: around.stage.name,
  RUNNER_PILOT_PUBLIC_URL: around.url,
  RUNNER_PILOT_SIGNING_KEY: around.state.signingKeyArns[around.stage.signing.current],
  RUNNER_PILOT_REGION: Stack.of(scope).region,
  RUNNER_PILOT_SYNC_DOCUMENT: syncDocument(around.stage),
  ...around.stage.settings,
});

/** The environment of a function: what the services read that it is handed, and no variable more. */
export function environmentOf(
  scope: Construct,
  { id, services }: FunctionDescription,
  around: Surroundings,
): Readonly<Record<string, string>> {
  const values = known(scope, around);
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
