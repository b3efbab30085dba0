import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { facts } from '#test/node-facts.ts';
import { good, nodeDraft, owner, quiet, refused } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

const codeOf = (command = '') => /--code (\S+)/.exec(command)?.[1] ?? '';
const enroll = (code: string) =>
  client({ url: cloud.url }).agent.enroll({ body: { code, boot_id: 'boot-1', facts, bell: 'none' } });

async function ownerWithNode() {
  const john = await owner(cloud);
  const params = { org_id: john.org_id };
  const node = good(await john.api.nodes.create({ params, body: nodeDraft }));
  return { john, node, org: params, params: { ...params, node_id: node.uid } };
}

describe('a new node', () => {
  test('is active and pending, and its line is shown once', async () => {
    const { john, node, params, org } = await ownerWithNode();

    expect(node).toMatchObject({ ...nodeDraft, status: 'active', connection: 'pending', last_seen_at: null });
    expect(node.enrollment?.command).toMatch(
      new RegExp(
        `^curl -fsSL ${cloud.url}/agent/install.sh \\| sudo sh -s -- --url ${cloud.url} --code rpe_[\\w-]{43}$`,
      ),
    );
    expect(good(await john.api.nodes.get({ params })).enrollment).toBeUndefined();
    expect(good(await john.api.nodes.list({ params: org }))[0]?.enrollment).toBeUndefined();
  });

  test('that is asked for again by the same key is the same node, without a line', async () => {
    const john = await owner(cloud);
    const ask = () =>
      john.api.nodes.create({
        params: { org_id: john.org_id },
        body: nodeDraft,
        headers: { 'idempotency-key': 'node-1' },
      });

    const first = good(await ask());
    const again = good(await ask());

    expect(again.uid).toBe(first.uid);
    expect(again.enrollment).toBeUndefined();
  });

  test('says of everything that is wrong what would be right', async () => {
    const john = await owner(cloud);
    const body = { name: '', type: 'remote', ip_address: '1.2.3', port: 70_000 } as never;

    const problem = refused(await john.api.nodes.create({ params: { org_id: john.org_id }, body }));

    expect(problem.errors).toEqual([
      { path: 'body.name', message: 'must not be empty, not ""' },
      { path: 'body.type', message: 'must be "Remote" or "Socket", not "remote"' },
      { path: 'body.ip_address', message: expect.stringContaining('must be an IP address') },
      { path: 'body.port', message: 'must be 1 to 65535, not 70000' },
    ]);
  });
});

describe('an enrollment code', () => {
  test('is good once, and makes the node known', async () => {
    const { john, node, params } = await ownerWithNode();
    const code = codeOf(node.enrollment?.command);

    const outcomes = await Promise.all(Array.from({ length: 10 }, () => enroll(code)));

    const winners = outcomes.filter(({ ok }) => ok);
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ ok }) => !ok).map((outcome) => refused(outcome).code)).toEqual(
      Array(9).fill('enrollment.refused'),
    );
    expect(good(await john.api.nodes.get({ params }))).toMatchObject({ connection: 'online', facts });
  });

  test('is void once there is a newer one', async () => {
    const { john, node, params } = await ownerWithNode();
    const { enrollment } = good(await john.api.nodes.enrollment({ params }));

    const old = await enroll(codeOf(node.enrollment?.command));

    expect(refused(old)).toMatchObject({ status: 401, code: 'enrollment.refused' });
    expect(good(await enroll(codeOf(enrollment.command))).node).toMatchObject({ uid: node.uid, name: 'Node-01' });
  });
});

describe("a node's token", () => {
  test('gets credentials for its own organization, and any other is refused alike', async () => {
    const { node } = await ownerWithNode();
    const { token } = good(await enroll(codeOf(node.enrollment?.command)));
    const as = (other: string) => client({ url: cloud.url, token: other }).agent.credentials();

    const given = good(await as(token));
    const wrong = [`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, token.replace(/^./, 'f')];

    expect(Date.parse(given.expires_at)).toBeLessThanOrEqual(Date.now() + 900_000);
    for (const other of wrong) expect(refused(await as(other)).code).toBe('token.invalid');
  });

  test('of a deleted node is good for no credentials', async () => {
    const { john, node, params } = await ownerWithNode();
    const { token } = good(await enroll(codeOf(node.enrollment?.command)));
    good(await john.api.nodes.remove({ params }));

    const outcome = await client({ url: cloud.url, token }).agent.credentials();

    expect(refused(outcome).status).toBe(401);
    expect(refused(await john.api.nodes.get({ params })).code).toBe('node.not-found');
  });
});

test('an edit form of a node may send all that it was shown', async () => {
  const { john, params } = await ownerWithNode();
  const shown = good(await john.api.nodes.get({ params }));

  const changed = good(await john.api.nodes.change({ params, body: { ...shown, status: 'inactive', port: null } }));

  expect(changed).toEqual({ ...shown, status: 'inactive', port: null });
});

test('a list keeps what is asked for', async () => {
  const { john, node, params, org } = await ownerWithNode();
  const other = good(await john.api.nodes.create({ params: org, body: { name: 'Node-02', type: 'Remote' } }));
  good(await john.api.nodes.change({ params, body: { status: 'inactive' } }));
  const uids = async (query: { status?: 'active' | 'inactive'; name?: string }) =>
    good(await john.api.nodes.list({ params: org, query })).map(({ uid }) => uid);

  expect(await uids({})).toEqual([node.uid, other.uid]);
  expect(await uids({ status: 'inactive' })).toEqual([node.uid]);
  expect(await uids({ name: 'Node-02' })).toEqual([other.uid]);
});
