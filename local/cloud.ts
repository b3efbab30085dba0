import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operations } from '#contract/operations.ts';
import { startAgent } from './agent.ts';
import { loadInstallation } from './aws/installation.ts';
import { corsOf, proxiesOf, publicHostOf } from './callers.ts';
import { takeProcess } from './claim.ts';
import { openDataFolder } from './data-folder.ts';
import { deploymentOf } from './deployment.ts';
import { enrollAtDoor } from './door.ts';
import { startDynamoDb } from './dynamodb.ts';
import { type Engine, findEngine } from './engine.ts';
import { openEnrollments } from './enrollments.ts';
import { loadFunction, scheduledEvent } from './functions.ts';
import { createFunctions } from './gateway/functions.ts';
import { startGateway } from './gateway.ts';
import { startScheduler } from './scheduler.ts';
import { openServices } from './services.ts';
import { agentSources, agentVariables, functionVariables, makeRunFolder, region, tableName } from './surroundings.ts';
import { ensureTable } from './table.ts';
import { putVariables } from './variables.ts';

/** How a cloud is started; everything has a default. */
export interface CloudOptions {
  /** @default a folder of its own in the temporary one, removed at the end */
  readonly dataDir?: string;
  /** @default 0: a free one */
  readonly port?: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** Variables over those of this process, for the functions and the agent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether this machine's agent runs. @default true */
  readonly agent?: boolean;
  /** @default its sources */
  readonly agentProgram?: string;
  /** Seconds between sweeps; 0: only when asked for. @default 5 */
  readonly sweepSeconds?: number;
  /** What goes wrong inside. @default a line on standard error */
  readonly onError?: (what: string, error?: unknown) => void;
}

/** The cloud on one machine. */
export interface Cloud extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly dynamoDbEndpoint: string;
  readonly tableName: string;
  /** Of the agent; undefined without one, or while it is down. */
  readonly agentPid: number | undefined;
  /** Where the agent's door is: `agent.sock`. */
  readonly runDir: string;
  /** Looked for at the start. */
  readonly engine: Engine;
  /** Runs a sweep now, and resolves when it is over. */
  sweep(): Promise<void>;
  /** Stops everything but the containers. */
  close(): Promise<void>;
}

/** Starts the whole product in this process, with the DynamoDB engine and the agent as children. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const { onError = writeError } = options;
  const environment = { ...process.env, ...options.env };
  await using started = new AsyncDisposableStack();

  started.defer(takeProcess());
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'runner-pilot-')));
  if (options.dataDir === undefined) started.defer(() => rm(dataDir, { recursive: true, force: true }));
  const folder = openDataFolder(dataDir);
  started.defer(() => folder.release());
  const runDir = makeRunFolder(environment, folder.path);
  if (options.dataDir === undefined) started.defer(() => rm(runDir, { recursive: true, force: true }));

  const installation = loadInstallation(folder.path);
  const services = openServices({ dataFolder: folder.path, installation, runDir, onError });
  started.defer(() => services.close());
  const [dynamoDb, engine] = await Promise.all([
    startDynamoDb({ dataFolder: folder.path, environment, onCrash: onError }),
    findEngine(environment),
  ]);
  started.defer(() => dynamoDb.close());
  const { endpoint } = dynamoDb;
  await ensureTable({ endpoint, region, accessKeyId: installation.accessKeyId, tableName });

  const enrollments = openEnrollments({
    folder: join(folder.path, 'enrollments'),
    enroll: (code) => enrollAtDoor(runDir, gateway.url, code),
    onError,
  });
  started.defer(() => enrollments.close());

  // Until the gateway has closed, there may be a function that reads a variable.
  let restoreVariables = () => {};
  started.defer(() => restoreVariables());
  const { promise: ready, resolve: setReady } = Promise.withResolvers<void>();
  const gateway = await startGateway({
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    routes: operations,
    fallback: 'system.fallback',
    load: (operationId) => ready.then(() => loadFunction(operationId)),
    aws: services,
    cors: corsOf(environment),
    allowedHosts: publicHostOf(environment),
    proxies: proxiesOf(environment),
    onReply: (operationId, _event, result) => enrollments.keep(operationId, result),
    onError,
  });
  started.defer(() => gateway.close(1_000));
  folder.sign(gateway.url);

  restoreVariables = putVariables(
    functionVariables({
      environment,
      installation,
      deployment: deploymentOf(folder.path),
      jwks: services.jwks,
      gatewayUrl: gateway.url,
      dynamoDbEndpoint: endpoint,
    }),
  );
  setReady();

  const sweepSeconds = options.sweepSeconds ?? 5;
  const functions = createFunctions({ load: loadFunction, timeoutMs: 60_000 });
  const scheduler = startScheduler({
    everyMs: sweepSeconds === 0 ? undefined : sweepSeconds * 1_000,
    run: () => {
      const id = randomUUID();
      return functions.call('sweep.run', scheduledEvent(id, Date.now()), id);
    },
    onError,
  });
  started.defer(() => scheduler.stop());

  const agent =
    options.agent === false
      ? undefined
      : await startAgent({
          dataFolder: folder.path,
          program: options.agentProgram ?? agentSources,
          environment: agentVariables({
            environment,
            dataFolder: folder.path,
            runFolder: runDir,
            gatewayUrl: gateway.url,
            dockerHost: engine.host ?? environment.DOCKER_HOST,
            managedInstanceId: services.managedInstanceId,
          }),
          onCrash: onError,
        });
  started.defer(() => agent?.stop());
  enrollments.retry();

  const stop = started.move();
  const close = () => stop.disposeAsync();
  return {
    url: gateway.url,
    port: gateway.port,
    dataDir: folder.path,
    runDir,
    dynamoDbEndpoint: endpoint,
    tableName,
    get agentPid() {
      return agent?.pid;
    },
    engine,
    sweep: () => scheduler.runNow(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function writeError(what: string, error?: unknown): void {
  process.stderr.write(
    `${what}${error === undefined ? '' : `: ${error instanceof Error ? error.stack : String(error)}`}\n`,
  );
}
