import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '#domain/problem.ts';
import { clientOf, createTable, dynoxide, type Engine } from './engines.ts';
import { type Call, intercept } from './intercept.ts';
import { aScope, type Tenant, type World, worldOn } from './world.ts';

type Around = Parameters<typeof intercept>[1];

const pass: Around = (_call, next) => next();
const $metadata = {};
const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    $metadata,
    message: 'Transaction cancelled (arn:aws:dynamodb)',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

describe('the store, when the table is not well', () => {
  let engine: Engine;
  let client: DynamoDBClient;
  let world: World;
  let one: Tenant;
  let around = pass;
  let calls: Call[] = [];

  beforeAll(async () => {
    engine = await dynoxide.start();
    client = intercept(clientOf(engine), (call, next) => {
      calls.push(structuredClone(call));
      return around(call, next);
    });
    await createTable(client, 'runner-pilot');
    world = worldOn(client, 'runner-pilot');
    one = await world.tenant();
  });
  beforeEach(() => {
    around = pass;
    calls = [];
  });
  afterAll(async () => {
    client.destroy();
    await engine[Symbol.asyncDispose]();
  });

  /** Fails the first so many calls of a command. */
  const failing = (command: string, times: number, error: () => Error): Around => {
    let left = times;
    return (call, next) => {
      if (call.command !== command || left === 0) return next();
      left -= 1;
      return Promise.reject(error());
    };
  };
  const register = (canonical = `${v7()}@example.com`) =>
    world.table.users.register({ full_name: 'X', email: canonical, canonical, password_hash: '$a' });

  it('finds an instance that moved while it was read shelf by shelf', async () => {
    const made = await world.instance(one, await world.runner(one), await world.node(one));
    around = async (call, next) => {
      const answer = await next();
      // As if it had been read where it was to be, and then where it had been.
      return call.command === 'BatchGetItemCommand' ? { ...answer, Responses: {} } : answer;
    };

    expect(await world.table.instances.find(one.scope, made.runner, made.uid)).toMatchObject({ uid: made.uid });
    expect(await world.table.instances.find(one.scope, made.runner, v7())).toBeUndefined();
  });

  it('sends a transaction that met another again, with the same token and the same parameters', async () => {
    around = failing('TransactWriteItemsCommand', 3, () => cancelled('TransactionConflict', 'None'));

    await register();

    const [first, ...others] = calls.filter(({ command }) => command === 'TransactWriteItemsCommand');
    expect(others).toHaveLength(3);
    expect(first?.input.ClientRequestToken).toMatch(/^[0-9a-f-]{36}$/);
    for (const other of others) expect(other.input).toEqual(first?.input);
  });

  it.each([
    ['a transaction in progress', () => Object.assign(new Error('x'), { name: 'TransactionInProgressException' })],
    ['throttling', () => Object.assign(new Error('x'), { name: 'ThrottlingException' })],
    ['a throttled part', () => cancelled('None', 'ThrottlingError')],
    ['a broken connection', () => Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    ['an error of the service', () => Object.assign(new Error('x'), { $metadata: { httpStatusCode: 500 } })],
  ])('goes on after %s', async (_name, error) => {
    around = failing('TransactWriteItemsCommand', 2, error);

    expect((await register()).uid).toBeDefined();
  });

  it('waits for the answer to a conflict before it believes a condition that failed beside it', async () => {
    around = failing('TransactWriteItemsCommand', 1, () => cancelled('ConditionalCheckFailed', 'TransactionConflict'));

    expect((await register()).uid).toBeDefined();
  });

  it('has its effect once when the answer to it was lost', async () => {
    let lost = false;
    around = async (call, next) => {
      const answer = await next();
      if (call.command !== 'TransactWriteItemsCommand' || lost) return answer;
      lost = true;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    };

    const user = await register('lost@example.com');

    around = pass;
    expect((await world.table.users.findLogin('lost@example.com'))?.uid).toBe(user.uid);
    await expect(register('lost@example.com')).rejects.toMatchObject({ code: 'email.taken' });
  });

  it('sends a plain update again that met a transaction: the SDK does not', async () => {
    const conflict = () => new TransactionConflictException({ $metadata, message: 'conflict' });
    around = failing('UpdateItemCommand', 2, conflict);
    const node = await world.node(one);

    // Nobody has enrolled, so there is no roster to write: the answer says that, and not that there was a conflict.
    const seen = await world.table.agents.seen(one.scope as never, node.uid, { poll_seconds: 1, boot_id: 'b' });

    expect(seen).toBeUndefined();
    expect(calls.filter(({ command }) => command === 'UpdateItemCommand')).toHaveLength(3);
  });

  it('gives up when its time is over, with a 503 that says when to try again', async () => {
    around = failing('TransactWriteItemsCommand', Number.POSITIVE_INFINITY, () => cancelled('TransactionConflict'));
    const hurried = world.open({ retryBudgetMs: 200 });
    const startedAt = performance.now();

    const refused = await hurried.organizations
      .change(one.scope, () => ({ name: 'X' }), { by: one.by })
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ code: 'service.unavailable', status: 503, options: { retryAfterSeconds: 1 } });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('lets no word of the SDK out, but as the cause', async () => {
    const broken = Object.assign(new Error('ValidationException: arn:aws:dynamodb:eu-central-1'), {
      name: 'ValidationException',
      $metadata: { httpStatusCode: 400 },
    });
    around = () => Promise.reject(broken);
    const acts = [
      () => world.table.users.find('u'),
      () => world.table.members.check('u', 'o'),
      () => world.table.nodes.list(aScope('o')),
      () => world.table.instances.find(aScope('o'), 'r', 'i'),
      () => world.table.due.list(1),
      () => world.table.leases.take('l', 'h', 1),
      () => register(),
    ];

    for (const act of acts) {
      const refused = await act().catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'internal.error', cause: broken });
      expect(String(refused)).not.toMatch(/arn|Validation|Exception/);
    }
  });

  it('says so when rows are not as they have to be, rather than that all is well', async () => {
    around = failing('TransactWriteItemsCommand', 1, () => cancelled('None', 'ConditionalCheckFailed'));

    await expect(register()).rejects.toMatchObject({ code: 'internal.error' });
  });

  it('asks again for what a batch has left out', async () => {
    const made = [];
    for (let index = 0; index < 3; index += 1) made.push((await world.node(one)).uid);
    let left = true;
    around = async (call, next) => {
      const answer = await next();
      if (call.command !== 'BatchGetItemCommand' || !left) return answer;
      left = false;
      const asked = call.input.RequestItems as Record<string, { Keys: unknown[] }>;
      const Keys = asked['runner-pilot']?.Keys ?? [];
      return { ...answer, Responses: { 'runner-pilot': [] }, UnprocessedKeys: { 'runner-pilot': { Keys } } };
    };

    const found = await world.table.nodes.getMany(one.scope, made);

    expect([...found.keys()]).toEqual(made);
  });

  it('asks for more than a hundred rows in several batches', async () => {
    const made: string[] = [];
    for (let index = 0; index < 60; index += 1) made.push((await world.node(one)).uid);
    calls = [];

    const found = await world.table.nodes.getMany(one.scope, [...made, ...made, 'none']);

    expect([...found.keys()]).toEqual(made);
    expect(calls.filter(({ command }) => command === 'BatchGetItemCommand')).toHaveLength(2);
  });

  it('reads on where one answer of DynamoDB ends at a megabyte', async () => {
    const subject = v7();
    const data = { text: 'x'.repeat(100_000) };
    const draft = { subject, code: 'large', detail: 'Large.', data };
    for (let index = 0; index < 25; index += 1) await world.table.events.record(one.scope, [draft]);

    expect((await world.table.events.list(one.scope, subject)).items).toHaveLength(25);
  });

  it('tells a single write that failed its condition from one that failed', async () => {
    around = failing(
      'PutItemCommand',
      1,
      () => new ConditionalCheckFailedException({ $metadata, message: 'failed', Item: { holder: { S: 'other' } } }),
    );

    expect(await world.table.leases.take('faults', 'me', 1)).toBe(false);
    expect(await world.table.leases.take('faults', 'me', 1)).toBe(true);
  });
});
