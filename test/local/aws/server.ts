import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Installation, loadInstallation } from '#local/aws/installation.ts';
import { awsEndpoint } from '#local/aws.ts';
import { openKms } from '#local/kms.ts';
import { openLogs } from '#local/logs.ts';
import { openSsm, type SsmOptions } from '#local/ssm.ts';
import { openSts } from '#local/sts.ts';

export const region = 'eu-central-1';
export const accountId = '000000000000';
export const documentName = 'RunnerPilot-test-Sync';

/** A document of one step. */
export function shellDocument(script: string, timeoutSeconds = 30): object {
  return {
    schemaVersion: '2.2',
    description: 'for tests',
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'sync',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { runCommand: [script], timeoutSeconds: String(timeoutSeconds) },
      },
    ],
  };
}

interface AwsOptions {
  readonly dataFolder?: string;
  /** @default eu-central-1 */
  readonly region?: string;
  /** Whose signatures count. @default a key of its own */
  readonly installation?: Installation;
  readonly now?: () => number;
  readonly ssm?: Partial<SsmOptions>;
}

/** The local services behind a real port, as the gateway serves them. */
export async function startAws(options: AwsOptions = {}) {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'rp-aws-'));
  const errors: unknown[] = [];
  const calls: { readonly operation: string; readonly status: number }[] = [];
  const shared = {
    dataFolder,
    region: options.region ?? region,
    accountId,
    onError: (what: string, error: unknown) => errors.push([what, error]),
    ...(options.now ? { now: options.now } : {}),
  };
  const installation = options.installation ?? loadInstallation(dataFolder);
  const sts = openSts(shared);
  const kms = openKms({ ...shared, signingAlias: 'alias/test-signing', dataAlias: 'alias/test-data' });
  const logs = openLogs(shared);
  const ssm = openSsm({
    ...shared,
    documents: { [documentName]: shellDocument('echo "synced $GREETING"') },
    stage: 'test',
    environment: { PATH: process.env.PATH ?? '', GREETING: 'hello' },
    ...options.ssm,
  });
  const endpoint = awsEndpoint({
    ...shared,
    installation,
    services: [sts, kms, logs, ssm],
    findSession: sts.findSession,
  });

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    if (!endpoint.owns(headers)) return void response.writeHead(404).end('{"message":"Not Found"}');
    const { method = '', url = '' } = request;
    const reply = await endpoint.handle({ method, path: url, headers, body: Buffer.concat(chunks) });
    calls.push({ operation: headers['x-amz-target']?.split('.')[1] ?? '', status: reply.status });
    return void response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let stopped = false;
  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all([logs.close(), ssm.close()]);
  }

  return {
    url,
    dataFolder,
    installation,
    errors,
    /** What was asked, and answered, since the start. */
    calls,
    kms,
    ssm,
    logs,
    sts,
    /** What every SDK client needs. */
    client: { endpoint: url, region, credentials: installation, maxAttempts: 1 },
    /** Leaves the data folder. */
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Waits for something to become true; fails by the test's own time limit. */
export async function until<T>(probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
