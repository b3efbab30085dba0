import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDynoxide } from '#local/dynamodb/binary.ts';
import { type DynamoDb, startDynamoDb } from '#local/dynamodb.ts';
import { until } from '#test/local/aws/server.ts';

let dataFolder: string;
let crashes: string[];
const started: DynamoDb[] = [];

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'rp-dynamodb-'));
  crashes = [];
});

afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

async function start(): Promise<DynamoDb> {
  const one = await startDynamoDb({
    dataFolder,
    environment: { PATH: process.env.PATH },
    onCrash: (what) => crashes.push(what),
  });
  started.push(one);
  return one;
}

function clientOf({ endpoint }: { endpoint: string }): DynamoDBClient {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' };
  return new DynamoDBClient({ endpoint, region: 'local', credentials });
}

async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: 'table',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

const put = (client: DynamoDBClient, pk: string) =>
  client.send(new PutItemCommand({ TableName: 'table', Item: { pk: { S: pk } } }));
const get = async (client: DynamoDBClient, pk: string) =>
  (await client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: pk } }, ConsistentRead: true }))).Item?.pk
    ?.S;

const pidFile = () => join(dataFolder, 'dynamodb', 'dynoxide.pid');
const enginePid = () => Number(readFileSync(pidFile(), 'utf8'));
const isAlive = (pid: number): boolean => {
  try {
    // A zombie answers signals, but is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('it answers on loopback, and only its owner can read its files', async () => {
  const database = await start();
  const client = clientOf(database);
  await createTable(client);
  await put(client, 'a');

  expect(database.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await get(client, 'a')).toBe('a');
  const folder = join(dataFolder, 'dynamodb');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
});

test('a crash loses nothing acknowledged, and the same endpoint answers again', async () => {
  const database = await start();
  const client = clientOf(database);
  await createTable(client);
  const acknowledged: string[] = [];

  for (let round = 0; round < 3; round += 1) {
    const pid = enginePid();
    let inRound = 0;
    await Promise.allSettled(
      Array.from({ length: 100 }, async (_, index) => {
        await put(client, `${round}/${index}`);
        acknowledged.push(`${round}/${index}`);
        inRound += 1;
        if (inRound === 50) process.kill(pid, 'SIGKILL');
      }),
    );
    await until(() => enginePidOr(0) !== pid && enginePidOr(0) > 0);
    await until(async () => (await get(client, acknowledged.at(-1) ?? '').catch(() => undefined)) !== undefined);
  }

  expect(acknowledged.length).toBeGreaterThanOrEqual(150);
  for (const pk of acknowledged) expect(await get(client, pk)).toBe(pk);
  expect(crashes).toHaveLength(3);
});

const enginePidOr = (otherwise: number): number => {
  try {
    return enginePid();
  } catch {
    return otherwise;
  }
};

test('it is gone once closed, and what was written is there at the next start', async () => {
  const first = await start();
  await createTable(clientOf(first));
  await put(clientOf(first), 'kept');
  const pid = enginePid();

  await first.close();

  expect(isAlive(pid)).toBe(false);
  expect(await get(clientOf(await start()), 'kept')).toBe('kept');
  expect(crashes).toEqual([]);
});

test('it ends when its parent is killed, and the next start finds what was acknowledged', async () => {
  const script = `
    import { startDynamoDb } from '#local/dynamodb.ts';
    const { endpoint } = await startDynamoDb({ dataFolder: process.argv[1], environment: process.env, onCrash() {} });
    console.log(endpoint);`;
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pid: number;
  try {
    const [line] = await once(parent.stdout, 'data');
    const client = clientOf({ endpoint: String(line).trim() });
    await createTable(client);
    await put(client, 'kept');
    pid = enginePid();
  } finally {
    parent.kill('SIGKILL');
  }

  await until(() => !isAlive(pid));
  expect(await get(clientOf(await start()), 'kept')).toBe('kept');
});

test('an engine that was left behind is ended at the next start', async () => {
  const folder = join(dataFolder, 'dynamodb');
  mkdirSync(folder, { recursive: true });
  const stale = spawn(findDynoxide(process.env), ['serve', '--port', '0', '--db-path', join(folder, 'table.db')], {
    stdio: 'ignore',
  });
  await once(stale, 'spawn');
  writeFileSync(pidFile(), `${stale.pid}\n`);

  await start();

  await until(() => stale.signalCode === 'SIGKILL');
});

test('a pid file that names somebody else’s process harms nobody', async () => {
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(bystander, 'spawn');
  mkdirSync(join(dataFolder, 'dynamodb'), { recursive: true });
  writeFileSync(pidFile(), `${bystander.pid}\n`);

  await start();

  expect(isAlive(bystander.pid ?? 0)).toBe(true);
  bystander.kill();
});

test('an endpoint from the environment is used as it is', async () => {
  const environment = { RUNNER_PILOT_DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000' };

  const database = await startDynamoDb({ dataFolder, environment, onCrash: () => {} });

  expect(database.endpoint).toBe('http://127.0.0.1:8000');
  expect(readdirSync(dataFolder)).toEqual([]);
});

test('without the package it is looked for in PATH, and found nowhere the three ways are told', () => {
  const command = join(dataFolder, 'dynoxide');
  const elsewhere = { platform: 'sunos', arch: 'sparc' };
  const find = (PATH: string) => findDynoxide({ PATH }, elsewhere);

  expect(() => find(dataFolder)).toThrow(/npm ci.*PATH.*RUNNER_PILOT_DYNAMODB_ENDPOINT/);
  writeFileSync(command, '#!/bin/sh\n');
  expect(() => find(dataFolder)).toThrow(/No DynamoDB engine found/);
  chmodSync(command, 0o755);
  expect(find(`/nowhere::${dataFolder}`)).toBe(command);
});
