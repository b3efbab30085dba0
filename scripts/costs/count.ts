import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '#local/cloud.ts';
import { startDynamoDb } from '#local/dynamodb.ts';
import { tour } from '../canary/tour.ts';

/** What one request has taken, as counted. */
export interface Counted {
  readonly step: string;
  readonly rcu: number;
  readonly wcu: number;
  /** Calls to the table. */
  readonly calls: number;
  /** What the function has logged. */
  readonly logBytes: number;
  readonly replyBytes: number;
}

/** What has gone through a meter, and what was logged meanwhile. */
export interface Tally {
  rcu: number;
  wcu: number;
  calls: number;
  logBytes: number;
}

const reading = /\.(GetItem|BatchGetItem|TransactGetItems|Query)$/;
/** Nothing yet. */
export const nothing = (): Tally => ({ rcu: 0, wcu: 0, calls: 0, logBytes: 0 });

/** Stands before the table's engine, has it reckon each call's capacity, and adds up. */
export async function meter(target: string, tally: () => Tally): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (from, to) => {
    const name = String(from.headers['x-amz-target'] ?? '');
    let body = '';
    for await (const chunk of from.setEncoding('utf8')) body += chunk;
    const asked = /Item|Query|Transact/.test(name)
      ? JSON.stringify({ ...JSON.parse(body), ReturnConsumedCapacity: 'TOTAL' })
      : body;
    const { 'content-length': _length, ...headers } = from.headers;
    const onward = request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(asked) },
    });
    onward.on('response', async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      const consumed = [JSON.parse(text || '{}').ConsumedCapacity ?? []].flat() as { CapacityUnits?: number }[];
      const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      const now = tally();
      now.calls += 1;
      if (reading.test(name)) now.rcu += units;
      else now.wcu += units;
      to.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': Buffer.byteLength(text) }).end(
        text,
      );
    });
    onward.end(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close().closeAllConnections(),
  };
}

/** Walks through the API in local mode, and counts what each request takes. */
export async function countTour(): Promise<readonly Counted[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rp-costs-'));
  const write = process.stdout.write;
  let tally = nothing();
  // Functions log to standard output, in this process.
  process.stdout.write = ((line: string) => {
    tally.logBytes += Buffer.byteLength(line);
    return true;
  }) as typeof process.stdout.write;
  try {
    const engine = await startDynamoDb({ dataFolder: folder, environment: process.env, onCrash: console.error });
    const metered = await meter(engine.endpoint, () => tally);
    const counted: Counted[] = [];
    {
      await using cloud = await startCloud({
        agent: false,
        sweepSeconds: 0,
        env: { RUNNER_PILOT_DYNAMODB_ENDPOINT: metered.url, RUNNER_PILOT_METRICS_STAGE: 'costs' },
      });
      tally = nothing();
      await tour({
        url: cloud.url,
        tag: 'costs',
        onStep: ({ step, body }) => {
          counted.push({ step, ...tally, replyBytes: JSON.stringify(body).length });
          tally = nothing();
        },
      });
      tally = nothing();
      await cloud.sweep();
      counted.push({ step: 'sweep', ...tally, replyBytes: 0 });
    }
    metered.close();
    await engine.close();
    return counted;
  } finally {
    process.stdout.write = write;
    rmSync(folder, { recursive: true, force: true });
  }
}
