import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { minute, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const create = (runner: string, node_id?: string, headers: Record<string, string> = {}) =>
  stage.api.instances.create({
    params: { org_id: stage.org, runner_id: runner },
    body: node_id === undefined ? {} : { node_id },
    headers: { prefer: 'respond-async', ...headers },
  });

const count = (answers: readonly { readonly ok: boolean }[]) => answers.filter(({ ok }) => ok).length;

describe('creating an instance', () => {
  it('gives exactly the places that a node has, however many ask at once', async () => {
    const node = await stage.node({ max_instances: 3 });
    const runner = await stage.runner();

    const answers = await Promise.all(Array.from({ length: 12 }, () => create(runner, node.uid)));

    expect(count(answers)).toBe(3);
    for (const answer of answers) if (!answer.ok) expect(answer.problem.code).toMatch(/^(node\.full|service\.unavail)/);
    expect((await node.sync()).desired).toHaveLength(3);
  });

  it('has one effect for one key, however often it is asked for', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const headers = { 'idempotency-key': crypto.randomUUID() };

    const answers = await Promise.all(Array.from({ length: 6 }, () => create(runner, node.uid, headers)));
    const again = await create(runner, node.uid, headers);

    const uids = new Set([...answers, again].flatMap((one) => (one.ok ? [one.body.uid] : [])));
    expect(uids.size).toBe(1);
    expect((await node.sync()).desired).toHaveLength(1);
    refusedWith('idempotency.mismatch', await create(runner, undefined, headers));
  });

  it('answers a repeated key although the node is full by now', async () => {
    const node = await stage.node({ max_instances: 1 });
    const runner = await stage.runner();
    const headers = { 'idempotency-key': crypto.randomUUID() };

    const first = bodyOf(await create(runner, node.uid, headers));

    expect(bodyOf(await create(runner, node.uid, headers)).uid).toBe(first.uid);
    refusedWith('node.full', await create(runner, node.uid));
  });

  it('is refused for what is not there, or takes nothing', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const params = { org_id: stage.org, node_id: node.uid };

    refusedWith('runner.not-found', await create('no-such', node.uid));
    refusedWith('node.not-found', await create(runner, 'no-such'));
    bodyOf(await stage.api.nodes.change({ params, body: { status: 'inactive' } }));
    refusedWith('node.inactive', await create(runner, node.uid));
  });

  it('is refused once the registration token has expired', async () => {
    const node = await stage.node();
    const runner = await stage.runner(stage.github.registrationToken('Gigatech/my-repo'));

    stage.pass(61 * minute);

    expect(refusedWith('runner.token-expired', await create(runner, node.uid))).toMatch(/PUT the runner/);
  });

  it('keeps what it has when its node takes nothing new', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const { uid } = bodyOf(await create(runner, node.uid));

    const params = { org_id: stage.org, node_id: node.uid };
    bodyOf(await stage.api.nodes.change({ params, body: { status: 'inactive' } }));

    await node.start(uid);
    expect(bodyOf(await stage.get(runner, uid))).toMatchObject({ status: 'online' });
  });
});

describe('choosing a node', () => {
  it('takes the emptiest that is connected, and says for each why it cannot', async () => {
    await using own = await openOwn();
    const { api, org } = own;
    const params = { org_id: org };
    const runner = bodyOf(
      await api.runners.create({
        params,
        body: {
          name: 'Runner-01',
          docker_image: 'ubuntu:22.04',
          github_repo: 'Gigatech/my-repo',
          github_runner_token: 'ghp_canaryCanaryCanaryCanaryCanary0001',
        },
      }),
    ).uid;
    const choose = () =>
      api.instances.create({
        params: { ...params, runner_id: runner },
        body: {},
        headers: { prefer: 'respond-async' },
      });

    expect(refusedWith('node.none-available', await choose())).toMatch(/has no node/);
    bodyOf(await api.nodes.create({ params, body: { name: 'Never', type: 'Remote' } }));
    const off = bodyOf(await api.nodes.create({ params, body: { name: 'Off', type: 'Remote' } }));
    bodyOf(await api.nodes.change({ params: { ...params, node_id: off.uid }, body: { status: 'inactive' } }));

    expect(refusedWith('node.none-available', await choose())).toMatch(/Never has never connected; Off is inactive/);
  });

  async function openOwn() {
    const stranger = await stage.stranger();
    return { ...stranger, [Symbol.asyncDispose]: async () => {} };
  }
});

describe('instances of somebody else', () => {
  it('do not exist, by whatever way they are asked for', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uid = await stage.instance(runner, node.uid);
    const { api, org } = await stage.stranger();
    const params = { org_id: org, runner_id: runner, instance_id: uid };

    refusedWith('instance.not-found', await api.instances.get({ params }));
    refusedWith('instance.not-found', await api.instances.remove({ params }));
    refusedWith('instance.not-found', await api.instances.metrics({ params }));
    refusedWith('instance.not-found', await api.instances.logs({ params }));
    refusedWith('runner.not-found', await api.instances.list({ params: { org_id: org, runner_id: runner } }));
    refusedWith('organization.not-found', await api.instances.get({ params: { ...params, org_id: stage.org } }));
  });
});

describe('the list of instances', () => {
  it('has live ones first, each newest first, filters by what is shown, and goes page by page', async () => {
    const node = await stage.node();
    const runner = await stage.runner();
    const uids: string[] = [];
    for (let i = 0; i < 4; i++) uids.push(await stage.instance(runner, node.uid));
    const [first = '', second = '', third = '', fourth = ''] = uids;
    const generation = await node.start(first);
    await node.sync([node.seen(first, generation, 'exited'), node.seen(first, generation, 'gone')]);
    await node.start(second);
    const list = async (query: Record<string, string> = {}) =>
      stage.api.instances.list({ params: { org_id: stage.org, runner_id: runner }, query });
    const uidsOf = async (query?: Record<string, string>) => bodyOf(await list(query)).map(({ uid }) => uid);

    expect(await uidsOf()).toEqual([fourth, third, second, first]);
    expect(await uidsOf({ live: 'true' })).toEqual([fourth, third, second]);
    expect(await uidsOf({ status: 'online' })).toEqual([second]);
    expect(await uidsOf({ status: 'stopped' })).toEqual([first]);
    const page = await list({ limit: '2' });
    expect(bodyOf(page).map(({ uid }) => uid)).toEqual([fourth, third]);
    const cursor = new URL(/<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? '').searchParams;
    expect(await uidsOf({ limit: '2', cursor: cursor.get('cursor') ?? '' })).toEqual([second, first]);
  });
});
