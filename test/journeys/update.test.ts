import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { agentVersion } from '#agent/version.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import type { Cloud } from '#test/cloud.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { anotherBuild } from './builds.ts';
import { startNear, startScriptIn } from './elsewhere.ts';
import { caller, until } from './http.ts';
import { freePort } from './local-mode.ts';
import { ask, canary, type Owner, repository, signUp } from './tenant.ts';

describeWithMachine('an agent whose control plane serves another version', () => {
  let folder: string;
  let machine: SecondMachine;
  let github: Github;
  let cloud: Cloud;
  let owner: Owner;
  let api: Owner['api'];
  let port: number;
  let node: string;
  let instances: string;

  const builds = (name: string) => join(folder, name);
  const build = (name: string, version: string, first?: string) =>
    anotherBuild(builds('first'), builds(name), version, first);
  /** Deploys a control plane that serves a build. */
  const deploy = async (name: string) => {
    await cloud?.close();
    cloud = await startNear({ dataDir: join(folder, 'data'), machine, port, github, agentFolder: builds(name) });
    if (owner) api = caller(cloud.url, owner.token);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rp-update-'));
    machine = await makeMachine();
    await Promise.all([buildAgent(builds('first')), machine.boot()]);
    await makeDemoImages(machine.socket());
    github = await startGithub({ host: machine.hostAddress });
    port = await freePort();
    await deploy('first');
    owner = await signUp(cloud.url);
    ({ api } = owner);
  }, 90_000);

  afterAll(async () => {
    await cloud?.close();
    await github?.close();
    await machine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (uid: string) => ask(api, 'GET', `${instances}/${uid}`);
  const isShown = (uid: string, status: string, seconds = 30) =>
    until(
      `${uid} to be ${status}`,
      async () => {
        const body = await get(uid);
        return body.status === status && body;
      },
      seconds,
    );
  const facts = async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).facts;
  const isAgent = (version: string) =>
    until(`the agent to be ${version}`, async () => (await facts())?.agent_version === version, 40);
  const events = async (code: string) =>
    (await ask(api, 'GET', `/org/GT/nodes/${node}/events`)).filter((event: { code: string }) => event.code === code);
  const messages = async (uid: string): Promise<string[]> =>
    (await ask(api, 'GET', `${instances}/${uid}/logs?limit=1000`)).map((line: { message: string }) => line.message);
  const pid = () => machine.run('cat /run/runner-pilot/agent.pid');
  const installed = () =>
    machine.run('sha256sum /usr/local/lib/runner-pilot/agent.mjs').then((said) => said.slice(0, 64));

  test('becomes that version while a job runs, and nothing of the job is lost or done twice', async () => {
    const { uid: made, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });
    node = made;
    await machine.start(startScriptIn(await machine.run(enrollment.command)));
    const runner = { name: 'Remote', docker_image: plainImage, github_repo: repository, github_runner_token: canary };
    instances = `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'respond-async' });
    await isShown(uid, 'online');
    const ticks =
      'i=0; while [ ! -e /tmp/enough ]; do echo "tick $i"; i=$((i+1)); sleep 0.2; done; echo "last tick $i"';
    const job = github.queueJob({ repository, name: 'ticks', steps: [{ run: ticks }] });
    await isShown(uid, 'busy');
    const [before, sha256] = [await pid(), await build('second', '0.2.0')];

    await deploy('second');
    await until('the program to be replaced', async () => (await installed()) === sha256, 40);
    await isAgent('0.2.0');

    expect(await pid()).toBe(before);
    expect(await machine.run(`ps -e -o pid,args | awk '/[a]gent[.]/ { print $1 }'`)).toBe(before);
    expect(await events('agent_updated')).toMatchObject([{ data: { from: agentVersion, to: '0.2.0' } }]);
    expect((await get(uid)).status).toBe('busy');
    await machine.run(`docker exec rp-${uid} touch /tmp/enough`);
    const ended = await isShown(uid, 'stopped');
    expect(ended.reason).toMatchObject({ code: 'job_completed' });
    expect(job).toMatchObject({ conclusion: 'Succeeded', runs: [{ runnerName: ended.instance_identifier }] });
    const last = await until('the last tick', async () =>
      (await messages(uid)).find((line) => /^last tick/.test(line)),
    );
    const count = Number(last.slice('last tick '.length));
    const seen = (await messages(uid)).filter((line) => /^tick \d+$/.test(line));
    expect(count).toBeGreaterThan(10);
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => `tick ${index}`));
    expect(await machine.dialed()).toBe(0);
  }, 120_000);

  test('stays what it is when that version does not work, says so, and goes on', async () => {
    await build('broken', '0.3.0', "throw new Error('This build is broken.');\n");
    const [before, sha256] = [await pid(), await installed()];

    await deploy('broken');
    const failed = await until('the failure', async () => (await facts())?.agent_update_failed, 40);

    expect(failed).toMatch(
      /^agent .* \([0-9a-f]{12}\): It ended with 1 before it had synced: Error: This build is broken\.$/,
    );
    expect(await events('agent_update_failed')).toMatchObject([{ detail: expect.stringContaining(failed) }]);
    expect([await pid(), await installed()]).toEqual([before, sha256]);
    expect((await facts()).agent_version).toBe('0.2.0');
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'respond-async' });
    await isShown(uid, 'online');
    await ask(api, 'DELETE', `${instances}/${uid}`);
    expect(await events('agent_update_failed')).toHaveLength(1);
  }, 90_000);

  test('becomes the next one that works, be it an older one', async () => {
    await deploy('first');

    await isAgent(agentVersion);
    await until('all to be well', async () => (await facts()).agent_update_failed === undefined);
    expect(await installed()).toBe(
      createHash('sha256')
        .update(await readFile(join(builds('first'), 'agent.mjs')))
        .digest('hex'),
    );
    expect(await events('agent_updated')).toHaveLength(2);
  }, 60_000);

  test('installed with --no-update it stays what it is', async () => {
    const url = `http://${machine.hostAddress}:${port}`;
    const installer = `curl -fsSL ${url}/agent/install.sh | sudo sh -s -- --url ${url} --allow-http --no-update --foreground`;
    const before = await pid();
    await machine.start(`sh -c '${installer}'`);
    await until('the other agent', async () => (await pid()) !== before);
    await deploy('second');
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'respond-async' });
    await isShown(uid, 'online');

    expect((await facts()).agent_version).toBe(agentVersion);
    expect(await machine.run('ls /usr/local/lib/runner-pilot')).toBe('agent.mjs\nstart');
    await ask(api, 'DELETE', `${instances}/${uid}`);
  }, 90_000);

  test('goes back to the one before when that works at first, and then crashes again and again', async () => {
    const crash = "setTimeout(() => { throw new Error('This build crashes.'); }, 2500)";
    const crashing = await build('crashing', '0.5.0', `if (process.argv[2] !== 'trial') ${crash};\n`);
    await deploy('first');
    const { enrollment } = await ask(api, 'POST', `/org/GT/nodes/${node}/enrollment`);
    const script = startScriptIn(await machine.run(enrollment.command));
    // As a systemd would: what ends is started again.
    await machine.start(`sh -c 'while :; do ${script}; sleep 1; done'`);
    const { uid } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'respond-async' });
    await isShown(uid, 'online');
    const job = github.queueJob({ repository, name: 'long', steps: [{ wait: 'release' }] });
    await isShown(uid, 'busy');
    const sha256 = await installed();

    await deploy('crashing');
    await isAgent('0.5.0');
    await until('the program before it to be put back', async () => (await installed()) === sha256, 40);
    const failed = await until('the failure', async () => (await facts())?.agent_update_failed, 40);

    expect(failed).toContain(`(${crashing.slice(0, 12)}): It worked in its trial, and then crashed 3 times`);
    expect(await events('agent_update_failed')).toMatchObject([{}, { detail: expect.stringContaining(failed) }]);
    await isAgent(agentVersion);
    expect(await machine.run('ls /usr/local/lib/runner-pilot')).toBe('agent.mjs\nstart');
    github.releaseJob(job.id);
    expect((await isShown(uid, 'stopped')).reason).toMatchObject({ code: 'job_completed' });
    expect(job).toMatchObject({ conclusion: 'Succeeded' });
  }, 120_000);
});
