import {
  CloudWatchLogsClient,
  GetLogEventsCommand,
  ResourceNotFoundException,
  ThrottlingException,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '#cloud/journal.ts';

// What the local service does not do: empty pages in between, and refusals.
const logs = mockClient(CloudWatchLogsClient);
const journal = openJournal(new CloudWatchLogsClient({ region: 'local' }), '/runner-pilot/test/nodes');
const event = (at: number, seq: number) => ({
  timestamp: at,
  message: JSON.stringify({ seq, level: 'INFO', message: `line ${seq}` }),
});

beforeEach(() => logs.reset());

/** Pages by their tokens: what each has, and which token it leads to. */
function pages(by: Record<string, readonly [token: string, events: ReturnType<typeof event>[]]>) {
  logs.on(GetLogEventsCommand).callsFake(({ nextToken = '' }) => {
    const [token, events] = by[nextToken] ?? ['', []];
    return { events, nextBackwardToken: token, nextForwardToken: token };
  });
}

describe('the journal', () => {
  it('reads over empty pages to the lines behind them', async () => {
    pages({ '': ['b1', []], b1: ['b2', []], b2: ['b3', [event(1, 1), event(2, 2)]], b3: ['b3', []] });

    const { lines, older } = await journal.lines('gt', 'i', { limit: 10 });

    expect(lines.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(older).toBeUndefined();
  });

  it('gives up on pages without end, and says where to go on', async () => {
    let page = 0;
    logs.on(GetLogEventsCommand).callsFake(() => {
      page++;
      return { events: page === 1 ? [event(500, 9)] : [], nextBackwardToken: `b${page}` };
    });

    const { lines, older } = await journal.lines('gt', 'i', { limit: 10 });

    expect(lines).toHaveLength(1);
    expect(older).toEqual({ at: 500, seq: 9 });
    expect(page).toBeLessThan(20);
  });

  it('asks for the streams of its organization only', async () => {
    pages({ '': ['b1', []], b1: ['b1', []] });

    await journal.lines('gt', 'instance-1', { limit: 10 });
    await journal.findSample('gt', { node: 'node-1', instance: 'instance-1', from: 5, until: 10 });

    const streams = logs.commandCalls(GetLogEventsCommand).map(({ args }) => args[0].input.logStreamName);
    expect(new Set(streams)).toEqual(new Set(['gt/instance/instance-1', 'gt/node/node-1']));
  });

  it('takes a stream that is not there for an empty one', async () => {
    logs.on(GetLogEventsCommand).rejects(new ResourceNotFoundException({ message: 'no', $metadata: {} }));

    expect(await journal.lines('gt', 'i', { limit: 10 })).toEqual({ lines: [] });
  });

  it('says when to try again where the service refuses', async () => {
    logs.on(GetLogEventsCommand).rejects(new ThrottlingException({ message: 'slow', $metadata: {} }));

    await expect(journal.lines('gt', 'i', { limit: 10 })).rejects.toMatchObject({
      code: 'service.unavailable',
      options: { retryAfterSeconds: 2 },
    });
  });
});
