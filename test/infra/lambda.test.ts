import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '#contract/operations.ts';
import { attachments } from '#infra/attachments.ts';
import { pascal } from '#infra/names.ts';
import { prepareRunnerPilot } from '#infra/runner-pilot.ts';
import type { ServiceParts } from '#infra/service.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { comparable, differences } from '../../scripts/canary/compare.ts';
import { tour } from '../../scripts/canary/tour.ts';
import { gatewayEvent } from './gateway-event.ts';
import { type RunningFunction, startFunction } from './runtime-api.ts';

// The artefacts as Lambda runs them, each in a process of its own that has nothing but its own files, against the local
// services; and the same tour through the local gateway, beside it.

const folder = mkdtempSync(join(tmpdir(), 'rp-lambda-test-'));
const called = new Set<string>();
let parts: ServiceParts;
let cloud: Cloud;

beforeAll(async () => {
  parts = await prepareRunnerPilot();
  cloud = await startCloud({
    agent: false,
    sweepSeconds: 0,
    env: {
      RUNNER_PILOT_SWAGGER_FOLDER: 'node_modules/swagger-ui-dist',
      RUNNER_PILOT_AGENT_FOLDER: 'dist/agent',
      RUNNER_PILOT_PUBLIC_URL: 'https://runners.example.com',
    },
  });
}, 300_000);
afterAll(async () => {
  await cloud?.close();
  rmSync(folder, { recursive: true });
});

/** What a function finds in its environment: what the local cloud has set, and where its own attachment is. */
function environmentFor(id: string): Record<string, string> {
  const set = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      /^(AWS_|RUNNER_PILOT_)/.test(entry[0]) &&
      !/_(AGENT|DOCS|SWAGGER)_FOLDER$/.test(entry[0]),
  );
  const attachment = attachments[id];
  return {
    ...Object.fromEntries(set),
    RUNNER_PILOT_AGENT_SHA256: parts.agentSha256,
    ...(attachment && { [attachment.variable]: attachment.into }),
  };
}

const start = (id: string, over: Record<string, string> = {}): Promise<RunningFunction> =>
  startFunction({
    folder: parts.bundles.folderOf(id),
    name: pascal(id),
    environment: { ...environmentFor(id), ...over },
  });

interface GatewayReply {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** `fetch`, by way of an artefact. */
async function throughArtefact(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  const { id, event } = gatewayEvent({
    method: request.method,
    url: new URL(request.url),
    headers: Object.fromEntries(request.headers),
    body: request.body ? await request.text() : undefined,
  });
  called.add(id);
  await using running = await start(id);
  const { statusCode, headers = {}, body = '', isBase64Encoded } = (await running.invoke(event)) as GatewayReply;
  return new Response(isBase64Encoded ? Buffer.from(body, 'base64') : body, { status: statusCode, headers });
}

describe('the artefacts', () => {
  test('answer every operation of the contract as local mode does', async () => {
    const here = await tour({ url: cloud.url, tag: 'local1' });
    const there = await tour({ url: cloud.url, tag: 'bundle', fetch: throughArtefact });

    const found = differences(
      comparable(here, { tag: 'local1', url: cloud.url }),
      comparable(there, { tag: 'bundle', url: cloud.url }),
    );

    expect(found).toEqual([]);
    expect(operations.map(({ id }) => id).filter((id) => !called.has(id))).toEqual([]);
  }, 300_000);

  test('answer what is no operation: 404, and 405 with what is', async () => {
    const answers = await Promise.all(
      [
        ['GET', '/nowhere'],
        ['PATCH', '/org'],
      ].map(async ([method = '', path]) => {
        const [local, bundled] = await Promise.all([
          fetch(`${cloud.url}${path}`, { method }),
          throughArtefact(`${cloud.url}${path}`, { method }),
        ]);
        return [local, bundled].map(({ status, headers }) => [status, headers.get('allow')]);
      }),
    );

    expect(answers).toEqual([
      [
        [404, null],
        [404, null],
      ],
      [
        [405, 'GET, POST'],
        [405, 'GET, POST'],
      ],
    ]);
  });

  test('the sweep runs from the schedule’s event', async () => {
    await using running = await start('sweep.run');

    await expect(
      running.invoke({ version: '0', 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }),
    ).resolves.toBeNull();
  });

  test('errors of the SDK keep their names, although their classes are left out', async () => {
    await using running = await start('agent.credentials', { RUNNER_PILOT_TABLE: 'no-such-table' });
    const { event } = gatewayEvent({
      method: 'GET',
      url: new URL(`${cloud.url}/agent/credentials`),
      headers: { authorization: `Bearer 019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a.${'a'.repeat(43)}` },
      body: undefined,
    });

    await running.invoke(event);

    expect(running.output()).toContain('ResourceNotFoundException');
  });
});
