import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithEngine } from '../engine.ts';
import { tableRows } from '../table-rows.ts';
import { containersOf, removeAllOf } from './containers.ts';
import { until } from './http.ts';
import { type Registry, startRegistry } from './registry.ts';
import { ask, repository, settleIn, type Tenant } from './tenant.ts';

describeWithEngine('an instance that can not be had says why, within 10 s', () => {
  let folder: string;
  let github: Github;
  let registry: Registry;
  let cloud: Cloud;
  let tenant: Tenant;

  beforeAll(async () => {
    await makeDemoImages();
    folder = await mkdtemp(join(tmpdir(), 'rp-reasons-'));
    github = await startGithub({ host: '0.0.0.0' });
    registry = await startRegistry();
    cloud = await startCloud({
      dataDir: folder,
      env: {
        ...github.settings,
        RUNNER_PILOT_LOG_LEVEL: 'ERROR',
      },
    });
    tenant = await settleIn(cloud.url);
  });

  afterEach(() => github.clearFaults());

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud);
    } finally {
      await cloud?.close();
      await removeAllOf(deploymentOf(folder));
      await registry?.[Symbol.asyncDispose]();
      await github?.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  let made = 0;
  /** An instance of a new runner, at once. */
  const create = async (draft: Readonly<Record<string, unknown>>, node = tenant.node) => {
    made += 1;
    const path = await tenant.makeRunner({ name: `Runner-${made}`, docker_image: plainImage, ...draft });
    const created = await ask(tenant.api, 'POST', path, { node_id: node }, { prefer: 'respond-async' });
    return { created, at: `${path}/${created.uid}`, name: created.instance_identifier as string };
  };
  const get = (at: string) => ask(tenant.api, 'GET', at);
  /** What it is shown as, once it is that, at most 10 s from now. */
  const shown = (at: string, status: string, seconds = 10) =>
    until(
      `${at} to be ${status}`,
      async () => {
        const body = await get(at);
        return body.status === status && body;
      },
      seconds,
    );
  const containerIsGone = (name: string) =>
    until(`${name} to be gone`, async () =>
      (await containersOf(deploymentOf(folder))).every((container) => container.name !== name),
    );

  test.for([
    {
      what: 'an image that its registry does not have',
      image: 'none/such:1',
      code: 'image_not_found',
      says: /There is no image .*Check its name and tag/,
    },
    {
      what: 'an image that its registry keeps to itself',
      image: 'private/one:1',
      code: 'image_denied',
      says: /does not give .* to this node.*Check its name; PUT \/org\/gt\/registries\/127\.0\.0\.1:\d+ a username and a pass/,
    },
  ])('$what: failed', async ({ image, code, says }) => {
    const { at } = await create({ docker_image: `${registry.host}/${image}` });

    const failed = await shown(at, 'failed');

    expect(failed.reason).toMatchObject({ code, detail: expect.stringMatching(says) });
  });

  test('an image whose registry does not answer: the reason, while it is tried again', async () => {
    const { at } = await create({ docker_image: '127.0.0.1:9/none/such:1' });

    const { reason } = await until(
      'the reason',
      async () => {
        const body = await get(at);
        return body.reason?.code === 'image_pull_failed' && body;
      },
      10,
    );

    expect(reason.detail).toMatch(/127\.0\.0\.1:9\/none\/such:1 could not be pulled: .*connect/);
    await ask(tenant.api, 'DELETE', at);
  });

  // Five attempts with the pauses between them take long: only the whole run waits for them.
  test.runIf(process.env.RUNNER_PILOT_TEST_ALL === '1')(
    '… and failed, once its attempts are used up',
    { timeout: 180_000 },
    async () => {
      const { at } = await create({ docker_image: '127.0.0.1:9/none/such:1' });

      const failed = await shown(at, 'failed', 150);

      expect(failed.reason).toMatchObject({ code: 'image_pull_failed' });
    },
  );

  test('a registration token that has expired meanwhile: failed, and its container is gone', async () => {
    const token = github.registrationToken(repository);
    github.expireToken(token);
    const { at, name } = await create({ github_runner_token: token });

    const failed = await shown(at, 'failed', 15);

    expect(failed.reason).toMatchObject({
      code: 'token_refused',
      detail: expect.stringMatching(/it has expired, or is for another repository. PUT the runner with a new one/),
    });
    expect(failed.reason.detail).not.toContain(token);
    await containerIsGone(name);
  });

  test.for([
    { status: 401, says: /credential|token/i },
    { status: 403, says: /"repo"|permission/i },
    { status: 404, says: /Gigatech\/my-repo/ },
  ])('GitHub answers $status: failed', async ({ status, says }) => {
    const token = `ghp_refusedRefusedRefusedRefusedRefu${status}0`;
    github.refuseToken(token, status);
    const { at } = await create({ github_runner_token: token });

    const failed = await shown(at, 'failed');

    expect(failed.reason.detail).toMatch(says);
    expect(failed.reason.detail).toMatch(/^.{40,}$/s);
    expect(failed.reason.detail).not.toContain(token);
  });

  test('GitHub is down: the reason, while it is asked again; online once it is back', { timeout: 60_000 }, async () => {
    github.fail({ path: 'generate-jitconfig', status: 503, times: 1000 });
    const { at } = await create({});

    await until('the reason', async () => (await get(at)).reason?.code === 'github_unavailable', 10);
    expect((await get(at)).status).toBe('provisioning');
    github.clearFaults();

    await shown(at, 'online', 40);
    await ask(tenant.api, 'DELETE', at);
  });

  test('GitHub does not accept the runner’s version any more: failed', async () => {
    github.setMinimumVersion('9.0.0');
    const { at, name } = await create({});

    const failed = await shown(at, 'failed', 15);
    github.setMinimumVersion('2.329.0');

    expect(failed.reason).toMatchObject({
      code: 'version_deprecated',
      detail: expect.stringMatching(/Use an image with a newer one/),
    });
    await containerIsGone(name);
  });

  test('an image that is said to bring the runner, and does not: failed', async () => {
    const { at, name } = await create({ runner_source: 'image' });

    const failed = await shown(at, 'failed');

    expect(failed.reason.detail).toMatch(/runner/);
    await containerIsGone(name);
  });

  test('a node that has never connected: said in the answer to the creation', async () => {
    const { uid } = await ask(tenant.api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });

    const { created, at } = await create({}, uid);

    expect(created).toMatchObject({
      status: 'provisioning',
      reason: {
        code: 'node_never_connected',
        detail: expect.stringMatching(/POST \/org\/gt\/nodes\/.*\/enrollment.* makes a line to run on it/),
      },
    });
    await ask(tenant.api, 'DELETE', at);
  });

  test('a runner that never listens: failed after five minutes, and its container is gone', {
    timeout: 60_000,
  }, async () => {
    github.fail({ path: '/_services/runner/session', hang: 'before', times: 1000 });
    const { at, name, created } = await create({});
    await until('the container to run', async () => (await get(at)).reason?.code === 'registering');

    await age(created.uid, 5 * 60_000);
    const failed = await shown(at, 'failed', 15);

    expect(failed.reason).toMatchObject({ code: 'never_listened', detail: expect.stringMatching(/Its log tells/) });
    await containerIsGone(name);
  });

  /** Has an instance be in its state for that much longer. */
  async function age(uid: string, ms: number): Promise<void> {
    const row = (await tableRows(cloud)).find(
      ({ pk, sk }) => pk.startsWith('ORG#') && sk.startsWith('INSTANCE#') && sk.endsWith(uid),
    );
    if (row === undefined || typeof row.state_at !== 'number') throw new Error(`There is no live row of ${uid}.`);
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: cloud.dynamoDbEndpoint }));
    await client.send(
      new UpdateCommand({
        TableName: cloud.tableName,
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: 'SET state_at = :at, due = :due, due_at = :due',
        ExpressionAttributeValues: { ':at': row.state_at - ms, ':due': Date.now() },
      }),
    );
    client.destroy();
  }
});
