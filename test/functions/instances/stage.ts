import { vi } from 'vitest';
import { type Client, client } from '#contract/client.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { type Cloud, leaks, startCloud } from '#test/cloud.ts';
import { changedFinals, type RawRow, violations } from '#test/invariants.ts';
import { tableRows } from '#test/table-rows.ts';
import { bodyOf } from './bodies.ts';
import { enrollNode, type FakeNode } from './fake-node.ts';

type RunnerOptions = Partial<Parameters<Client['runners']['create']>[0]['body']>;

/** A cloud without an agent and without sweeps of its own, a stand-in for GitHub, and somebody with an organization. */
export interface Stage extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly github: Github;
  readonly api: Client;
  readonly org: string;
  /** Somebody else, with an organization of their own. */
  stranger(): Promise<{ readonly api: Client; readonly org: string }>;
  /** A node that has enrolled and synced. */
  node(options?: { readonly max_instances?: number; readonly labels?: string[] }): Promise<FakeNode>;
  /** A runner with a PAT, or with a token that is given. */
  runner(token?: string, options?: RunnerOptions): Promise<string>;
  /** An instance that is asked for, without waiting for it. */
  instance(runner: string, node?: string): Promise<string>;
  get(runner: string, instance: string): ReturnType<Client['instances']['get']>;
  /** Lets time pass. */
  pass(ms: number): void;
  /** The rows of the table. */
  rows(): Promise<RawRow[]>;
  /** The row of an instance. */
  row(instance: string): Promise<Record<string, unknown> | undefined>;
  /** Everything that may never be, as it is now. */
  wrongs(): Promise<string[]>;
  /** Rows that no sweep has looked at in time. */
  overdue(): Promise<string[]>;
}

export const pat = 'ghp_canaryCanaryCanaryCanaryCanary0001';
export const minute = 60_000;

let people = 0;
let ahead = 0;

/** The time by the clock that the functions go by, epoch milliseconds. */
export const stageNow = (): number => Date.now() + ahead;

interface Person {
  readonly api: Client;
  readonly org: string;
}

async function person(url: string): Promise<Person> {
  const number = ++people;
  const email = `person-${number}-${crypto.randomUUID()}@example.com`;
  const open = client({ url });
  const password = 'strongpassword';
  bodyOf(await open.auth.register({ body: { full_name: 'John Doe', email, password } }));

  // Time passes in leaps here, and access tokens are good for an hour.
  let token = '';
  let until = 0;
  const enter = async () => {
    token = bodyOf(await open.auth.login({ body: { email, password } })).access_token;
    until = stageNow() + 50 * minute;
  };
  const api = client({
    url,
    fetch: async (address, init) => {
      if (stageNow() >= until) await enter();
      return fetch(address, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } });
    },
  });
  const org = `org-${number}-${crypto.randomUUID().slice(0, 8)}`;
  bodyOf(await api.organizations.create({ body: { name: 'Gigatech', short_name: org, type: 'personal' } }));
  return { api, org };
}

/** Where a stage's functions are called: by default where its cloud has them. */
export type Called = Pick<Cloud, 'url' | 'sweep'>;

/**
 * Starts a stage. Only the functions' clock is steered: SDKs and local services sign and check by the real one.
 * `onStart` may change the functions' variables, for none has been called by then, or say where else they are called.
 */
export async function openStage(
  env: Record<string, string> = {},
  onStart: (github: Github) => Promise<Called | undefined> = async () => undefined,
): Promise<Stage> {
  ahead = 0;
  vi.doMock('#runtime/clock.ts', () => ({ systemClock: { now: stageNow } }));
  const github = await startGithub();
  const started = await startCloud({
    agent: false,
    sweepSeconds: 0,
    env: {
      RUNNER_PILOT_GITHUB_API_URL: github.apiUrl,
      RUNNER_PILOT_GITHUB_URL: github.url,
      RUNNER_PILOT_RATE_REGISTER: '1000/1',
      ...env,
    },
  });
  const { url, sweep } = (await onStart(github)) ?? started;
  const cloud = { ...started, url, sweep };
  const { api, org } = await person(cloud.url);
  let finals: RawRow[] = [];

  const rows = () => tableRows(cloud);
  const close = async () => {
    await cloud.close();
    await github.close();
    vi.doUnmock('#runtime/clock.ts');
  };

  return {
    cloud,
    github,
    api,
    org,
    stranger: () => person(cloud.url),
    async node(options = {}) {
      const made = bodyOf(
        await api.nodes.create({ params: { org_id: org }, body: { name: 'Node-01', type: 'Remote', ...options } }),
      );
      const node = await enrollNode(cloud.url, made.enrollment?.command ?? '', stageNow);
      await node.sync();
      return node;
    },
    async runner(token = pat, options = {}) {
      const body = {
        name: 'Runner-01',
        docker_image: 'ubuntu:22.04',
        github_repo: 'Gigatech/my-repo',
        github_runner_token: token,
        runner_source: 'image' as const,
        ...options,
      };
      return bodyOf(await api.runners.create({ params: { org_id: org }, body })).uid;
    },
    async instance(runner, node) {
      const made = await api.instances.create({
        params: { org_id: org, runner_id: runner },
        body: node === undefined ? {} : { node_id: node },
        headers: { prefer: 'respond-async' },
      });
      return bodyOf(made).uid;
    },
    get: (runner_id, instance_id) => api.instances.get({ params: { org_id: org, runner_id, instance_id } }),
    pass: (ms) => {
      ahead += ms;
    },
    rows,
    row: async (instance) =>
      (await rows()).find(
        ({ pk, sk }) => pk.startsWith('ORG#') && sk.endsWith(`#${instance}`) && !sk.startsWith('AUDIT'),
      ),
    async wrongs() {
      const now = await rows();
      const changed = changedFinals(finals, now);
      finals = now;
      return [...changed, ...violations(now, { now: stageNow(), secrets: [pat] }), ...leaks];
    },
    overdue: async () => violations(await rows(), { now: stageNow(), sweepMs: minute }),
    [Symbol.asyncDispose]: close,
  } as Stage;
}
