import { type Client, type ClientOptions, client, type Outcome } from '#contract/client.ts';

/** One answer of a tour. */
export interface Step {
  /** What was asked for, in words that are the same on every tour. */
  readonly step: string;
  readonly status: number;
  readonly body: unknown;
}

/** Where a tour goes. */
export interface TourOptions extends Omit<ClientOptions, 'token'> {
  /** Lower-case letters and digits, new for each tour: what it makes bears it, for users and organizations stay. */
  readonly tag: string;
  readonly onStep?: (step: Step) => void;
}

const facts = {
  hostname: 'canary',
  architecture: 'x64' as const,
  os: 'Debian GNU/Linux 12 (bookworm)',
  cpus: 4,
  memory_bytes: 8_000_000_000,
  disk_bytes: 100_000_000_000,
  engine: { version: '28.2.2', api_version: '1.50', live_restore: true },
  agent_version: '0.1.0',
};
// A registration token's form is undocumented; this one is never shown to GitHub.
const registrationToken = 'AABBCCDDEEFFGGHHIIJJKKLLMMNNO';

/**
 * Calls every operation of the contract as a customer and as a node of theirs would, from registering to deleting, and
 * some that must be refused. Needs nothing of GitHub and no Docker: the node is played by the tour.
 */
export async function tour({ tag, onStep = () => {}, ...reach }: TourOptions): Promise<readonly Step[]> {
  const steps: Step[] = [];
  async function ask<T>(step: string, asked: Promise<Outcome<T>>): Promise<T | undefined> {
    const outcome = await asked;
    const { status } = outcome;
    const taken = { step, status, body: outcome.ok ? outcome.body : outcome.problem };
    steps.push(taken);
    onStep(taken);
    return outcome.ok ? outcome.body : undefined;
  }
  const need = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Error(`The tour can't go on without ${what}: ${JSON.stringify(steps.at(-1))}`);
    return value;
  };
  const stranger = client(reach);

  await ask('health', stranger.system.health());
  await ask('description', stranger.system.openapi());
  await ask('reference', stranger.system.docs());
  await ask('explanations', stranger.system.problems());
  await ask('installer', stranger.agent.installer());
  await ask('agent program', stranger.agent.program());

  await edges(reach, ask);

  const email = `canary-${tag}@example.com`;
  const password = `canary ${tag} password`;
  await ask('register', stranger.auth.register({ body: { full_name: 'Canary', email, password } }));
  await ask('register again', stranger.auth.register({ body: { full_name: 'Canary', email, password } }));
  // Somebody else's, for a guess delays the next login of the same person.
  const other = `nobody-${tag}@example.com`;
  await ask('wrong login', stranger.auth.login({ body: { email: other, password } }));
  const login = need(await ask('log in', stranger.auth.login({ body: { email, password } })), 'a login');
  await ask('no token', stranger.common.me());
  await ask('bad token', client({ ...reach, token: 'a.b.c' }).common.me());

  const api = client({ ...reach, token: login.access_token });
  const org_id = `c${tag}`;
  const organization = { name: 'Canary', short_name: org_id, type: 'personal' as const };
  await ask('onboard', api.onboarding.create({ body: { organization } }));
  await ask('onboard again', api.onboarding.create({ body: { organization } }));
  await ask('me', api.common.me());
  const second = { name: 'Canary Two', short_name: `d${tag}`, type: 'organization' as const };
  await ask('create organization', api.organizations.create({ body: second }));
  await ask('list organizations', api.organizations.list());
  await ask('get organization', api.organizations.get({ params: { org_id } }));
  await ask('change organization', api.organizations.change({ params: { org_id }, body: { name: 'Canary One' } }));
  await ask('foreign organization', api.organizations.get({ params: { org_id: 'nobodys' } }));

  // What is cut short leaves no node, runner or instance behind: whatever it has made goes, by force.
  await using left = new AsyncDisposableStack();
  const removed = (removal: () => Promise<unknown>) => left.defer(async () => void (await removal().catch(() => {})));
  const force = { force: 'true' } as const;

  const { node_id, code } = await nodes(api, org_id, ask, need, (params) =>
    removed(() => api.nodes.remove({ params, query: force })),
  );
  const enrollment = { code, boot_id: `boot-${tag}`, facts, bell: 'none' as const };
  const enrolled = need(await ask('enroll', stranger.agent.enroll({ body: enrollment })), 'an enrollment');
  await ask('enroll again', stranger.agent.enroll({ body: enrollment }));
  const node = client({ ...reach, token: enrolled.token });
  const said = { boot_id: enrollment.boot_id, agent_version: '0.1.0' };
  await ask('first sync', node.agent.sync({ body: { ...said, facts, observed: [] } }));
  await ask('telemetry credentials', node.agent.credentials());

  await registries(api, org_id, ask);
  const runner_id = await runners(api, org_id, ask, need);
  removed(() => api.runners.remove({ params: { org_id, runner_id }, query: force }));
  await instances({ api, node, said, at: { org_id, runner_id }, node_id, ask, need });
  await ask('delete runner', api.runners.remove({ params: { org_id, runner_id } }));
  await ask('delete node', api.nodes.remove({ params: { org_id, node_id } }));
  await ask('last sync', node.agent.sync({ body: { ...said, observed: [] } }));
  return steps;
}

/** Requests that no client of ours would send, and whose answers depend on what is in front of the functions. */
async function edges({ url, fetch: send = fetch }: Omit<ClientOptions, 'token'>, ask: Ask): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const requests: readonly [step: string, path: string, init?: RequestInit][] = [
    ['unknown path', '/nowhere'],
    ['unknown method', '/org', { method: 'PATCH' }],
    ['encoded slash', '/org/a%2Fb'],
    ['no JSON', '/auth/login', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }],
    ['broken JSON', '/auth/login', { method: 'POST', headers: json, body: '{"email": "a",}' }],
    ['large body', '/auth/login', { method: 'POST', headers: json, body: JSON.stringify({ email: 'a'.repeat(9000) }) }],
  ];
  for (const [step, path, init] of requests) {
    const response = await send(url + path, init);
    const { status, headers } = response;
    await ask(
      step,
      response.json().then((body) => ({ ok: true, status, headers, body })),
    );
  }
}

type Ask = <T>(step: string, asked: Promise<Outcome<T>>) => Promise<T | undefined>;
type Need = <T>(value: T | undefined, what: string) => T;

type NodeParams = { readonly org_id: string; readonly node_id: string };

async function nodes(api: Client, org_id: string, ask: Ask, need: Need, onMade: (params: NodeParams) => void) {
  const body = { name: 'Node-01', type: 'Remote' as const, ip_address: '192.0.2.10', port: 22 };
  const created = need(await ask('create node', api.nodes.create({ params: { org_id }, body })), 'a node');
  const params = { org_id, node_id: created.uid };
  onMade(params);
  await ask('list nodes', api.nodes.list({ params: { org_id } }));
  await ask('get node', api.nodes.get({ params }));
  await ask('change node', api.nodes.change({ params, body: { name: 'Node-01-Updated' } }));
  await ask('drain node', api.nodes.drain({ params, body: { deadline_minutes: 60, note: 'New disks' } }));
  await ask('undrain node', api.nodes.undrain({ params }));
  const { enrollment } = need(await ask('enrollment line', api.nodes.enrollment({ params })), 'a line');
  const code = need(/rpe_[\w-]+/.exec(enrollment.command)?.[0], 'a code in the line');
  return { node_id: created.uid, code };
}

async function registries(api: Client, org_id: string, ask: Ask): Promise<void> {
  const params = { org_id, host: 'registry.example.com' };
  const login = { username: 'canary', password: 'canary' };
  await ask('put registry', api.registries.put({ params, body: login }));
  await ask('list registries', api.registries.list({ params: { org_id } }));
  await ask('get registry', api.registries.get({ params }));
  await ask('delete registry', api.registries.remove({ params }));
}

async function runners(api: Client, org_id: string, ask: Ask, need: Need): Promise<string> {
  const body = {
    name: 'Runner-01',
    docker_image: 'ubuntu:22.04',
    github_repo: 'octocat/hello-world',
    github_runner_token: registrationToken,
    runner_source: 'image' as const,
  };
  const { uid } = need(await ask('create runner', api.runners.create({ params: { org_id }, body })), 'a runner');
  const params = { org_id, runner_id: uid };
  await ask('list runners', api.runners.list({ params: { org_id } }));
  await ask('get runner', api.runners.get({ params }));
  await ask('change runner', api.runners.change({ params, body: { name: 'Runner-01-Updated' } }));
  return uid;
}

interface InstancesOptions {
  readonly api: Client;
  readonly node: Client;
  readonly said: { readonly boot_id: string; readonly agent_version: string };
  readonly at: { readonly org_id: string; readonly runner_id: string };
  readonly node_id: string;
  readonly ask: Ask;
  readonly need: Need;
}

/** The life of an instance, its node's part included: told to run, claimed, running, listening, told to go, gone. */
async function instances({ api, node, said, at, node_id, ask, need }: InstancesOptions): Promise<void> {
  const headers = { prefer: 'respond-async' };
  const made = api.instances.create({ params: at, body: { node_id }, headers });
  const { uid } = need(await ask('create instance', made), 'an instance');
  const params = { ...at, instance_id: uid };
  await ask('list instances', api.instances.list({ params: at }));
  await ask('overview', api.organizations.instances({ params: { org_id: at.org_id } }));
  await ask('metrics before any', api.instances.metrics({ params }));
  await ask('logs before any', api.instances.logs({ params }));

  const told = await ask('told to run', node.agent.sync({ body: { ...said, observed: [] } }));
  const { generation } = need(told?.desired[0], 'something to run');
  const boot_id = said.boot_id;
  await ask('login of an image', node.agent.registry({ body: { image: 'ubuntu:22.04' } }));
  await ask('login of another image', node.agent.registry({ body: { image: 'nobodys:1' } }));
  await ask('images ahead', node.agent.images());
  await ask('claim', node.agent.claim({ params: { instance_id: uid }, body: { generation, boot_id } }));
  let seq = Date.now();
  const report = (state: 'running' | 'listening' | 'gone', of = generation) => {
    seq += 1;
    const observed = [{ uid, generation: of, seq, state, at: seq }];
    return node.agent.sync({ body: { ...said, observed } });
  };
  await ask('running', report('running'));
  await ask('listening', report('listening'));
  await ask('get instance', api.instances.get({ params }));
  await ask('events of the instance', api.instances.events({ params }));
  await ask('events of the node', api.nodes.events({ params: { org_id: at.org_id, node_id } }));
  await ask('node with an instance', api.nodes.remove({ params: { org_id: at.org_id, node_id } }));
  await ask('claim after the start', node.agent.claim({ params: { instance_id: uid }, body: { generation, boot_id } }));
  await ask('delete instance', api.instances.remove({ params }));
  await ask('get deleted instance', api.instances.get({ params }));
  const going = await ask('told to go', node.agent.sync({ body: { ...said, observed: [] } }));
  await ask('gone', report('gone', need(going?.desired[0], 'something to remove').generation));
}
