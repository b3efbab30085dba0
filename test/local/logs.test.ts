import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  type DescribeLogStreamsCommandInput,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startAws } from '#test/local/aws/server.ts';

const logGroupName = '/runner-pilot/test/nodes';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const client = (aws: { client: object }) => new CloudWatchLogsClient(aws.client);
type Event = readonly [number, string];

async function prepare(aws: { client: object }, ...streams: string[]) {
  const logs = client(aws);
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of streams) await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  return logs;
}

const put = (logs: CloudWatchLogsClient, logStreamName: string, events: readonly Event[]) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName,
      logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
    }),
  );

async function get(logs: CloudWatchLogsClient, logStreamName: string, input: Partial<GetLogEventsCommandInput> = {}) {
  const page = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName, ...input }));
  return { ...page, lines: (page.events ?? []).map(({ message }) => message) };
}

/** All pages, from the head or from the end. */
async function drain(logs: CloudWatchLogsClient, stream: string, limit: number, startFromHead: boolean) {
  const pages: unknown[][] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page = await get(logs, stream, { limit, nextToken, startFromHead });
    if (page.lines.length === 0) return pages;
    pages.push(page.lines);
    nextToken = startFromHead ? page.nextForwardToken : page.nextBackwardToken;
  }
}

const numbered = (count: number, from: number): Event[] =>
  Array.from({ length: count }, (_, n) => [from + n, `line ${n}`]);

test('the newest events come first unless the head is asked for, each page in the order of time', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  const start = Date.now() - 1_000;
  await put(logs, 's', numbered(10, start));

  expect((await get(logs, 's', { limit: 3 })).lines).toEqual(['line 7', 'line 8', 'line 9']);
  expect((await get(logs, 's', { limit: 3, startFromHead: true })).lines).toEqual(['line 0', 'line 1', 'line 2']);
  const some = { startTime: start + 2, endTime: start + 4, startFromHead: true };
  expect((await get(logs, 's', some)).lines).toEqual(['line 2', 'line 3']);
});

test('tokens lead through a stream both ways, and stay the same at its ends', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  await put(logs, 's', numbered(7, Date.now() - 1_000));
  const next = (nextToken: string | undefined, startFromHead: boolean) =>
    get(logs, 's', { limit: 3, nextToken, startFromHead });

  const last = await get(logs, 's', { limit: 3 });
  const middle = await next(last.nextBackwardToken, false);
  const first = await next(middle.nextBackwardToken, false);
  const beforeFirst = await next(first.nextBackwardToken, false);
  const afterLast = await next(last.nextForwardToken, true);

  expect([first.lines, middle.lines]).toEqual([['line 0'], ['line 1', 'line 2', 'line 3']]);
  expect(beforeFirst).toMatchObject({ lines: [], nextBackwardToken: first.nextBackwardToken });
  expect(afterLast).toMatchObject({ lines: [], nextForwardToken: last.nextForwardToken });
  expect((await next(beforeFirst.nextForwardToken, true)).lines).toEqual(['line 0', 'line 1', 'line 2']);

  await put(logs, 's', [[Date.now(), 'new']]);
  expect((await next(last.nextForwardToken, true)).lines).toEqual(['new']);
  await expect(next('f/1/s', true)).rejects.toMatchObject({ name: 'InvalidParameterException' });
});

test.each([true, false])(
  'an empty stream’s tokens find what is written later (from the head: %s)',
  async (startFromHead) => {
    await using aws = await startAws();
    const logs = await prepare(aws, 's');

    const empty = await get(logs, 's', { startFromHead });
    const again = await get(logs, 's', { nextToken: empty.nextForwardToken, startFromHead: true });
    await put(logs, 's', [[Date.now(), 'later']]);
    const found = await get(logs, 's', { nextToken: empty.nextForwardToken, startFromHead: true });

    expect(empty.lines).toEqual([]);
    expect(again).toMatchObject({ lines: [], nextForwardToken: empty.nextForwardToken });
    expect(found.lines).toEqual(['later']);
  },
);

test('whatever batches come, in whatever order, both ways of paging show every event once, in the order of time', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws);
  const now = Date.now();
  let runs = 0;
  const Batch = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 30_000 })), {
    minLength: 1,
    maxLength: 8,
  });

  await fc.assert(
    fc.asyncProperty(
      fc.array(Batch, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      async (batches, limit) => {
        runs += 1;
        const stream = `run-${runs}`;
        await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: stream }));
        const written: Event[] = [];
        for (const batch of batches) {
          const events = batch
            .map(([offset, length]): Event => [now - 100 + offset, `${written.length}`.padEnd(length, '.')])
            .sort(([a], [b]) => a - b);
          await put(logs, stream, events);
          written.push(...events);
        }
        const expected = written.toSorted(([a], [b]) => a - b).map(([, message]) => message);

        const forward = (await drain(logs, stream, limit, true)).flat();
        const backward = (await drain(logs, stream, limit, false)).reverse().flat();
        expect(forward).toEqual(expected);
        expect(backward).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('a page holds 1 MB at most, and one event at least', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  const now = Date.now();
  for (let index = 0; index < 3; index += 1) await put(logs, 's', [[now + index, String(index).repeat(600_000)]]);

  const tail = await get(logs, 's');
  expect(tail.lines.map((line) => line?.[0])).toEqual(['2']);
  expect((await get(logs, 's', { nextToken: tail.nextBackwardToken })).lines.map((line) => line?.[0])).toEqual(['1']);
});

test('a batch is refused as a whole if it breaks a limit', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  const now = Date.now();
  const refused = { name: 'InvalidParameterException' };
  const full = 1_048_576 / 16 - 26;

  await put(
    logs,
    's',
    Array.from({ length: 16 }, () => [now, 'é'.repeat(full / 2)]),
  );
  await expect(
    put(
      logs,
      's',
      Array.from({ length: 16 }, () => [now, 'é'.repeat(full / 2 + 1)]),
    ),
  ).rejects.toMatchObject(refused);
  await put(
    logs,
    's',
    Array.from({ length: 10_000 }, () => [now, 'x']),
  );
  await expect(
    put(
      logs,
      's',
      Array.from({ length: 10_001 }, () => [now, 'x']),
    ),
  ).rejects.toMatchObject(refused);
  await expect(put(logs, 's', [])).rejects.toMatchObject(refused);
  await expect(put(logs, 's', [[now, '']])).rejects.toMatchObject(refused);
  await expect(
    put(logs, 's', [
      [now, 'a'],
      [now - 1, 'b'],
    ]),
  ).rejects.toThrow('chronological order');
  await put(logs, 's', [
    [now - dayMs, 'a'],
    [now, 'b'],
  ]);
  await expect(
    put(logs, 's', [
      [now - dayMs - 1, 'a'],
      [now, 'b'],
    ]),
  ).rejects.toThrow('24 hours');
});

test('events that are too old or too new are left out, and the answer says which', async () => {
  const now = Date.now();
  await using aws = await startAws({ now: () => now });
  const logs = await prepare(aws, 's');
  const events: Event[] = [
    [now - 15 * dayMs, 'old'],
    [now - dayMs, 'a'],
    [now, 'b'],
    [now + 3 * hourMs, 'new'],
  ];

  const { rejectedLogEventsInfo } = await put(logs, 's', events);
  expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 3 });
  expect((await get(logs, 's')).lines).toEqual(['a', 'b']);

  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
  const second = await put(logs, 's', [
    [now - 2 * dayMs, 'c'],
    [now, 'd'],
  ]);
  expect(second.rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
});

test('what does not exist is not found, and what exists is not made again', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  const missing = { name: 'ResourceNotFoundException' };
  const twice = { name: 'ResourceAlreadyExistsException' };

  await expect(put(logs, 'other', [[Date.now(), 'x']])).rejects.toMatchObject({
    ...missing,
    message: 'The specified log stream does not exist.',
  });
  await expect(get(logs, 'other')).rejects.toMatchObject(missing);
  await expect(logs.send(new CreateLogStreamCommand({ logGroupName: '/no', logStreamName: 's' }))).rejects.toThrow(
    'The specified log group does not exist.',
  );
  await expect(prepare(aws)).rejects.toMatchObject(twice);
  await expect(logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }))).rejects.toMatchObject(
    twice,
  );
  await expect(logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 'a:b' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
  });
});

test('groups and streams are listed by prefix and in pages', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 'gt/a', 'gt/b', 'nt/a');
  const now = Date.now();
  await put(logs, 'gt/b', [
    [now - 5, 'x'],
    [now - 3, 'y'],
  ]);
  await put(logs, 'gt/a', [[now - 4, 'x']]);
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 30 }));
  const list = async (input: Partial<DescribeLogStreamsCommandInput>) => {
    const page = await logs.send(new DescribeLogStreamsCommand({ logGroupName, ...input }));
    return { ...page, names: page.logStreams?.map(({ logStreamName }) => logStreamName) };
  };

  expect((await list({ logStreamNamePrefix: 'gt/' })).names).toEqual(['gt/a', 'gt/b']);
  expect((await list({ orderBy: 'LastEventTime', descending: true })).names).toEqual(['gt/b', 'gt/a', 'nt/a']);
  const first = await list({ limit: 2, descending: true });
  expect(first.names).toEqual(['nt/a', 'gt/b']);
  expect((await list({ limit: 2, descending: true, nextToken: first.nextToken })).names).toEqual(['gt/a']);
  expect((await list({ logStreamNamePrefix: 'gt/b' })).logStreams?.[0]).toMatchObject({
    firstEventTimestamp: now - 5,
    lastEventTimestamp: now - 3,
  });
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/runner' }));
  expect(logGroups).toMatchObject([{ logGroupName, retentionInDays: 30 }]);
});

test('a deleted stream is gone with its events, and its name is free again', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  await put(logs, 's', [[Date.now(), 'canary']]);

  await logs.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: 's' }));

  await expect(get(logs, 's')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const files = readdirSync(join(aws.dataFolder, 'logs'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('canary');
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }));
  expect((await get(logs, 's')).lines).toEqual([]);
});

test('a filter finds events in all streams, in the order of time, page by page', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 'a', 'b', 'c');
  const now = Date.now() - 1_000;
  await put(logs, 'a', [
    [now, 'ERROR one'],
    [now + 2, 'fine'],
    [now + 2, 'ERROR two'],
  ]);
  await put(logs, 'b', [
    [now + 1, 'WARN ERROR three'],
    [now + 2, 'ERROR four'],
  ]);
  const find = async (input: Partial<FilterLogEventsCommandInput>) => {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName, ...input }));
    return { ...page, lines: page.events?.map(({ message }) => message) };
  };

  const all = ['ERROR one', 'WARN ERROR three', 'ERROR two', 'ERROR four'];
  expect((await find({ filterPattern: 'ERROR' })).lines).toEqual(all);
  expect((await find({ filterPattern: 'ERROR -WARN' })).lines).toEqual(all.filter((line) => !line.includes('WARN')));
  expect((await find({ filterPattern: '"ERROR t"' })).lines).toEqual(['WARN ERROR three', 'ERROR two']);
  expect((await find({ filterPattern: '?fine ?one' })).lines).toEqual(['ERROR one', 'fine']);
  expect((await find({ logStreamNames: ['b'], endTime: now + 1 })).lines).toEqual(['WARN ERROR three']);
  expect((await find({ logStreamNamePrefix: 'a' })).lines).toEqual(['ERROR one', 'fine', 'ERROR two']);

  const paged: unknown[] = [];
  for (let token: string | undefined, first = true; first || token; first = false) {
    const page = await find({ filterPattern: 'ERROR', limit: 1, ...(token ? { nextToken: token } : {}) });
    paged.push(...(page.lines ?? []));
    token = page.nextToken;
  }
  expect(paged).toEqual(all);
  await expect(find({ filterPattern: '{ $.level = "ERROR" }' })).rejects.toThrow('not reproduced');
});

test('retention hides what has expired, and removes its files', async () => {
  let now = Date.now();
  const first = await startAws({ now: () => now });
  const logs = await prepare(first, 's');
  await put(logs, 's', [[now, 'canary']]);
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 3 }));
  await first.stop();
  now += 3 * dayMs + 3 * hourMs;

  await using second = await startAws({ dataFolder: first.dataFolder, now: () => now });

  const later = new CloudWatchLogsClient({ ...second.client, systemClockOffset: now - Date.now() });
  expect((await get(later, 's')).lines).toEqual([]);
  await put(later, 's', [[now, 'fresh']]);
  expect((await get(later, 's')).lines).toEqual(['fresh']);
  await second.logs.close();
  const files = readdirSync(join(second.dataFolder, 'logs'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  for (const { parentPath, name } of files) {
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('canary');
    expect(statSync(join(parentPath, name)).mode & 0o777).toBe(0o600);
  }
});

test('what was acknowledged before kill -9 is there, and what was cut off is not in the way', async () => {
  await using aws = await startAws();
  const logs = await prepare(aws, 's');
  await put(logs, 's', [[Date.now() - 1_000, 'first']]);
  await aws.stop();
  const script = `
    import { startAws } from '#test/local/aws/server.ts';
    const { url } = await startAws({ dataFolder: process.argv[1] });
    console.log(url);`;
  const acknowledged: string[] = ['first'];

  for (let round = 0; round < 3; round += 1) {
    const process_ = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, aws.dataFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [endpoint] = await once(process_.stdout, 'data');
      const remote = new CloudWatchLogsClient({ ...aws.client, endpoint: String(endpoint).trim() });
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let index = 0; ; index += 1) {
          const line = `${round}/${writer}/${index}`;
          await put(remote, 's', [[Date.now(), line]]);
          acknowledged.push(line);
          if (acknowledged.length === (round + 1) * 150) process_.kill('SIGKILL');
        }
      });
      await Promise.allSettled(writers);
    } finally {
      process_.kill('SIGKILL');
    }
    // A crash of the machine may leave half a line.
    const folder =
      readdirSync(join(aws.dataFolder, 'logs'), { withFileTypes: true }).find((one) => one.isDirectory())?.name ?? '';
    const [segment = ''] = readdirSync(join(aws.dataFolder, 'logs', folder)).filter((name) => name.endsWith('.jsonl'));
    appendFileSync(join(aws.dataFolder, 'logs', folder, segment), '{"ingested":1,"events":[[1,"half a l');
  }

  await using after = await startAws({ dataFolder: aws.dataFolder });
  await put(client(after), 's', [[Date.now(), 'last']]);
  const { lines } = await get(client(after), 's');
  expect(acknowledged.length).toBeGreaterThanOrEqual(450);
  expect(new Set(lines)).toEqual(new Set([...lines, ...acknowledged, 'last']));
  expect(lines).not.toContain('half a l');
});

test('the tail of a long stream is read quickly, after a restart too, and a lost index is made anew', async () => {
  const first = await startAws();
  const logs = await prepare(first, 's');
  const start = Date.now() - 1_000_000;
  for (let batch = 0; batch < 30; batch += 1) {
    const events = Array.from(
      { length: 10_000 },
      (_, n): Event => [start + batch * 10_000 + n, `line ${batch * 10_000 + n} ${'x'.repeat(60)}`],
    );
    await put(logs, 's', events);
  }
  const tail = async (aws: { client: object }) => {
    const began = performance.now();
    const { lines } = await get(client(aws), 's', { limit: 100 });
    expect(lines.map((line) => Number(line?.split(' ')[1]))).toEqual(
      Array.from({ length: 100 }, (_, n) => 299_900 + n),
    );
    return performance.now() - began;
  };
  await tail(first);
  expect(await tail(first)).toBeLessThan(500);
  await first.stop();

  const second = await startAws({ dataFolder: first.dataFolder });
  expect(await tail(second)).toBeLessThan(1_000);
  await second.stop();
  const folder =
    readdirSync(join(first.dataFolder, 'logs'), { withFileTypes: true }).find((one) => one.isDirectory())?.name ?? '';
  for (const name of readdirSync(join(first.dataFolder, 'logs', folder))) {
    if (name.endsWith('.idx')) appendFileSync(join(first.dataFolder, 'logs', folder, name), '[0,1,2,3,4]\n[12');
  }

  await using third = await startAws({ dataFolder: first.dataFolder });
  await tail(third);
  const head = await get(client(third), 's', { limit: 1, startFromHead: true });
  expect(head.lines[0]).toMatch(/^line 0 /);
}, 60_000);
