import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePrivateFolder } from './aws/disk.ts';
import type { Installation } from './aws/installation.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names that local mode's services and functions have to agree on. */
export const stage = 'local';
export const region = 'local';
export const accountId = '000000000000';
export const tableName = 'runner-pilot';
export const signingAlias = 'alias/runner-pilot-signing';
export const dataAlias = 'alias/runner-pilot-data';
export const logGroup = '/runner-pilot/local/nodes';
export const syncDocument = 'RunnerPilot-local-Sync';
export const telemetryRoleArn = `arn:aws:iam::${accountId}:role/RunnerPilot-local-Telemetry`;

/** What the functions' environment is made from. */
export interface FunctionSurroundings {
  readonly environment: Environment;
  readonly installation: Installation;
  readonly deployment: string;
  readonly jwks: object;
  readonly gatewayUrl: string;
  readonly dynamoDbEndpoint: string;
}

/**
 * The variables that functions find, over those of this process: the SDK's own ones lead its clients here. Undefined
 * ones are taken away, so that nothing which this machine's user has set up for AWS is ever read.
 */
export function functionVariables(from: FunctionSurroundings): Environment {
  const { environment, installation, gatewayUrl } = from;
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: installation.accessKeyId,
    AWS_SECRET_ACCESS_KEY: installation.secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: undefined,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: undefined,
    AWS_ENDPOINT_URL_DYNAMODB: from.dynamoDbEndpoint,
    AWS_ENDPOINT_URL_SSM: gatewayUrl,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: gatewayUrl,
    AWS_ENDPOINT_URL_STS: gatewayUrl,
    AWS_ENDPOINT_URL_KMS: gatewayUrl,

    // What is set for this process passes through, and what a deployment would fix is fixed.
    RUNNER_PILOT_POLL_SECONDS: '5',
    RUNNER_PILOT_BEAT_SECONDS: '5',
    RUNNER_PILOT_REAP_SECONDS: '5',
    RUNNER_PILOT_IMAGES_SECONDS: '30',
    // One process has the data folder, and sweeps one after another: what is left of a killed one need not be waited for.
    RUNNER_PILOT_SWEEP_LEASE_SECONDS: '5',
    RUNNER_PILOT_AGENT_FOLDER: builtAgentFolder,
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('RUNNER_PILOT_'))),
    RUNNER_PILOT_STAGE: stage,
    RUNNER_PILOT_REGION: region,
    RUNNER_PILOT_DEPLOYMENT: from.deployment,
    RUNNER_PILOT_TABLE: tableName,
    RUNNER_PILOT_JWKS: JSON.stringify(from.jwks),
    RUNNER_PILOT_SIGNING_KEY: signingAlias,
    RUNNER_PILOT_DATA_KEY: dataAlias,
    RUNNER_PILOT_LOG_GROUP: logGroup,
    RUNNER_PILOT_SYNC_DOCUMENT: syncDocument,
    RUNNER_PILOT_TELEMETRY_ROLE_ARN: telemetryRoleArn,
    // Agents may be elsewhere: they write their logs to where they call.
    RUNNER_PILOT_TELEMETRY_ENDPOINT: environment.RUNNER_PILOT_PUBLIC_URL || gatewayUrl,
    RUNNER_PILOT_SOCKET_NODES: '1',
    RUNNER_PILOT_DOCS_FOLDER: fileURLToPath(new URL('../docs', import.meta.url)),
    RUNNER_PILOT_SWAGGER_FOLDER: fileURLToPath(new URL('../node_modules/swagger-ui-dist', import.meta.url)),
  };
}

const builtAgentFolder = fileURLToPath(new URL('../dist/agent', import.meta.url));
/** The agent that `npm run build` makes: nodes elsewhere get it, and it takes a third less memory than its sources. */
export const builtAgent = join(builtAgentFolder, 'agent.mjs');
/** The agent's sources, which Node runs as they are. */
export const agentSources = fileURLToPath(new URL('../agent/main.ts', import.meta.url));

/** What the agent's environment is made from. */
export interface AgentSurroundings {
  readonly environment: Environment;
  readonly dataFolder: string;
  readonly runFolder: string;
  readonly gatewayUrl: string;
  readonly dockerHost: string | undefined;
  readonly managedInstanceId: string;
}

const passedOn =
  /^(?:HOME|LANG|PATH|TMPDIR|TZ|XDG_RUNTIME_DIR|NODE_EXTRA_CA_CERTS|RUNNER_PILOT_(?:GITHUB|RUNNER|LOG|NETWORK|IMAGES|DIND)_.*)$/;

/** The agent's whole environment. No credentials for AWS are in it. */
export function agentVariables(from: AgentSurroundings): Environment {
  return {
    ...Object.fromEntries(Object.entries(from.environment).filter(([name]) => passedOn.test(name))),
    DOCKER_HOST: from.dockerHost,
    RUNNER_PILOT_URL: from.gatewayUrl,
    RUNNER_PILOT_AGENT_STATE: join(from.dataFolder, 'agent'),
    RUNNER_PILOT_AGENT_RUN: from.runFolder,
    RUNNER_PILOT_AGENT_PARENT_PIPE: '1',
    RUNNER_PILOT_MANAGED_INSTANCE_ID: from.managedInstanceId,
  };
}

/**
 * Where the agent has its door and the credentials of what is about to start: RUNNER_PILOT_AGENT_RUN, else a folder of
 * this installation's own on the tmpfs that is ours, else in the data folder. Its path is short, for a socket's path
 * has at most 107 bytes (unix(7)).
 */
export function makeRunFolder(environment: Environment, dataFolder: string): string {
  const name = `runner-pilot-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 8)}`;
  const runtime = process.getuid?.() === 0 ? '/run' : environment.XDG_RUNTIME_DIR;
  const folder =
    environment.RUNNER_PILOT_AGENT_RUN ||
    (runtime && isWritable(runtime) ? join(runtime, name) : join(dataFolder, 'run'));
  makePrivateFolder(folder);
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
