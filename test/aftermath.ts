import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { deploymentOf } from '#local/deployment.ts';
import { type Cloud, leaks } from './cloud.ts';
import { changedFinals, violations } from './invariants.ts';
import { containersOf, socket } from './journeys/containers.ts';
import { until } from './journeys/http.ts';
import { canary, passphrase } from './journeys/tenant.ts';
import { tableRows } from './table-rows.ts';

/** What is looked at besides a cloud. */
interface Around {
  /** The engines that its nodes have, by their sockets. @default this machine's */
  readonly engines?: readonly string[];
  /** Secrets that were given to it, besides the credential and the password of every journey. */
  readonly secrets?: readonly string[];
  readonly acknowledged?: readonly string[];
  /** Milliseconds between its sweeps. @default 5000 */
  readonly sweepMs?: number;
}

type Looked = Pick<Cloud, 'dynamoDbEndpoint' | 'tableName' | 'dataDir'>;

/** Expects, after a journey, that nothing is which may never be. */
export async function expectNothingWrong(cloud: Looked, around?: Around): Promise<void> {
  expect(await wrongsAfter(cloud, around)).toEqual([]);
}

/**
 * What may never be, looked for in the table, at the engines, and in every place where a secret could have been left.
 * What has not converged yet gets its time.
 */
export async function wrongsAfter(
  cloud: Looked,
  { engines = [socket], secrets = [], acknowledged = [], sweepMs = 5000 }: Around = {},
): Promise<readonly string[]> {
  const deployment = deploymentOf(cloud.dataDir);
  const given = [canary, passphrase, ...secrets];
  const before = await tableRows(cloud);

  const wrongs = async () => {
    const found = await Promise.all(engines.map((engine) => containersOf(deployment, engine)));
    const rows = await tableRows(cloud);
    const held = { now: Date.now(), sweepMs, secrets: given, acknowledged, containers: found.flat() };
    return [...violations(rows, held), ...changedFinals(before, rows)];
  };
  let seen: string[] = [];
  await until(
    'nothing to be wrong',
    async () => {
      seen = await wrongs();
      return seen.length === 0;
    },
    30,
  ).catch(() => undefined);

  return [
    ...seen,
    ...(await filesWith(cloud.dataDir, given)),
    ...(await toldBy(engines, deployment, given)),
    ...leaks.map((line) => `9: a secret is in the log: ${line}`),
  ];
}

/** Number 9, in files: the table's, the logs', the agent's, whatever there is. */
async function filesWith(folder: string, secrets: readonly string[]): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
  const found = files.map(async ({ parentPath, name }) => {
    // What comes and goes while it is looked at holds nothing any more.
    const bytes = await readFile(join(parentPath, name)).catch(() => Buffer.alloc(0));
    return secrets
      .filter((secret) => bytes.includes(secret))
      .map(() => `9: a secret lies in ${join(parentPath, name)}`);
  });
  return (await Promise.all(found)).flat();
}

/** Number 9, at engines: what they show of a container, and what it has said. */
async function toldBy(engines: readonly string[], deployment: string, secrets: readonly string[]): Promise<string[]> {
  const wrongs: string[] = [];
  for (const engine of engines) {
    for (const { id, name } of await containersOf(deployment, engine)) {
      for (const what of ['json', 'logs?stdout=true&stderr=true']) {
        const { body } = await callEngine(engine, 'GET', `/containers/${id}/${what}`);
        if (secrets.some((secret) => body.includes(secret))) wrongs.push(`9: a secret is in ${what} of ${name}`);
      }
    }
  }
  return wrongs;
}
