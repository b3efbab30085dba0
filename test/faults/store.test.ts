import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { expect, test, vi } from 'vitest';
import { client } from '#contract/client.ts';
import { startDynamoDb } from '#local/dynamodb.ts';
import { startCloud } from '#test/cloud.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { violations } from '#test/invariants.ts';
import { until } from '#test/journeys/http.ts';
import { tableRows } from '#test/table-rows.ts';
import { numbersFrom } from './random.ts';
import { all, seed } from './selection.ts';

const kills = all ? 60 : 6;
const TableName = 'table';
const item = (pk: string) => ({ pk: { S: pk }, text: { S: 'x'.repeat(500) } });

test(`the store killed ${kills} times under writes has every acknowledged one (seed ${seed})`, async () => {
  const random = numbersFrom(seed);
  const dataFolder = mkdtempSync(join(tmpdir(), 'rp-store-'));
  const crashes: string[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dataFolder, { recursive: true, force: true }));
  const database = await startDynamoDb({ dataFolder, environment: process.env, onCrash: (how) => crashes.push(how) });
  stack.defer(() => database.close());
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' };
  const table = new DynamoDBClient({ endpoint: database.endpoint, region: 'local', credentials, maxAttempts: 1 });
  stack.defer(() => table.destroy());
  await table.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );

  const acknowledged = new Set<string>();
  const there = async () => {
    const found = new Set<string>();
    let ExclusiveStartKey: Record<string, { S: string }> | undefined;
    do {
      const page = await table.send(new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey }));
      for (const one of page.Items ?? []) found.add(one.pk?.S ?? '');
      ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
    } while (ExclusiveStartKey);
    return found;
  };
  /** Writes without end, one row and two rows of one transaction in turn, until the store is gone. */
  async function write(writer: string): Promise<void> {
    for (let at = 0; ; at += 1) {
      const single = `${writer}/${at}`;
      const pair = [`${writer}/${at}/left`, `${writer}/${at}/right`];
      await table.send(new PutItemCommand({ TableName, Item: item(single) }));
      acknowledged.add(single);
      const TransactItems = pair.map((pk) => ({ Put: { TableName, Item: item(pk) } }));
      await table.send(new TransactWriteItemsCommand({ TransactItems }));
      for (const pk of pair) acknowledged.add(pk);
    }
  }

  for (let round = 1; round <= kills; round += 1) {
    const writers = Array.from({ length: 4 }, (_, n) => write(`${round}/${n}`).catch(() => {}));
    await sleep(random() * 150);
    process.kill(Number(readFileSync(join(dataFolder, 'dynamodb', 'dynoxide.pid'), 'utf8')), 'SIGKILL');
    await Promise.all(writers);

    const found = await until(`the store after kill ${round}`, () => there().catch(() => undefined), 30);
    expect([...acknowledged].filter((pk) => !found.has(pk))).toEqual([]);
    expect([...found].filter((pk) => !found.has(otherOf(pk)))).toEqual([]);
  }

  expect(crashes).toHaveLength(kills);
  expect(acknowledged.size).toBeGreaterThan(kills);
}, 600_000);

/** The row of the same transaction; of a row that was written alone, itself. */
const otherOf = (pk: string) => pk.replace(/(left|right)$/, (half) => (half === 'left' ? 'right' : 'left'));

// Only root may mount a file system that is small enough to be filled.
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!isRoot && !process.env.CI)(
  'a full disk loses nothing acknowledged, and is over with room',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rp-full-'));
    const filler = join(folder, 'filler');
    const leave = (bytes: number) => {
      rmSync(filler, { force: true });
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - bytes));
    };
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    });
    const env = { RUNNER_PILOT_RATE_WRITE: '100000/0.001', RUNNER_PILOT_RATE_REGISTER: '100000/0.001' };
    const cloud = await startCloud({ dataDir: folder, agent: false, sweepSeconds: 0, env });
    stack.defer(() => cloud.close());
    const anyone = client({ url: cloud.url });
    const login = { email: 'john@example.com', password: 'strongpassword' };
    bodyOf(await anyone.auth.register({ body: { full_name: 'John Doe', ...login } }));
    const api = client({ url: cloud.url, token: bodyOf(await anyone.auth.login({ body: login })).access_token });
    const organization = { name: 'Gigatech', short_name: 'GT', type: 'personal' } as const;
    bodyOf(await api.onboarding.create({ body: { organization } }));
    const params = { org_id: 'GT' };
    const create = (name: string) => api.nodes.create({ params, body: { name, type: 'Remote' } });
    const logged: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => logged.push(String(chunk)) > 0);
    stack.defer(() => write.mockRestore());

    leave(256 * 1024);
    const made: string[] = [];
    let refused = await create('Node-0');
    for (let at = 1; refused.ok && at < 500; at += 1) {
      made.push(refused.body.uid);
      refused = await create(`Node-${at}`);
    }

    expect(made.length).toBeGreaterThan(0);
    expect(refused).toMatchObject({ ok: false, status: 503, problem: { code: 'service.unavailable' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(logged.join('')).toContain('disk is full');
    const listed = bodyOf(await api.nodes.list({ params })).map(({ uid }) => uid);
    expect(listed.toSorted()).toEqual(made.toSorted());
    leave(8 * 1024 * 1024);
    made.push(bodyOf(await create('Node-after')).uid);
    expect(bodyOf(await api.nodes.list({ params }))).toHaveLength(made.length);
    expect(violations(await tableRows(cloud), { now: Date.now() })).toEqual([]);
  },
  120_000,
);
