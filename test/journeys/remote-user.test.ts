import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { anotherBuild } from './builds.ts';
import { startScriptIn } from './elsewhere.ts';
import { until } from './http.ts';
import { freePort } from './local-mode.ts';
import { startForwardProxy, startReverseProxy } from './proxies.ts';
import { ask, canary, type Owner, repository, signUp } from './tenant.ts';

const user = 12_345;
const home = '/var/lib/somebody';

describeWithMachine('a user who may use Docker, behind a proxy, of a service with an authority of its own', () => {
  const stack = new AsyncDisposableStack();
  let machine: SecondMachine;
  let cloud: Cloud;
  let api: Owner['api'];
  let before: string[];
  let publicUrl: string;
  let front: Awaited<ReturnType<typeof startReverseProxy>>;
  let proxy: Awaited<ReturnType<typeof startForwardProxy>>;
  let githubHost: string;
  let folder: string;
  let agentFolder: string;
  let port: number;
  let github: Github;
  let node: string;
  let instances: string;

  /** A control plane that serves the agent in a folder, behind the same front. */
  const deploy = async (served: string) => {
    await cloud?.close();
    cloud = await startCloud({
      dataDir: join(folder, 'data'),
      host: machine.hostAddress,
      port,
      agent: false,
      env: {
        RUNNER_PILOT_PUBLIC_URL: publicUrl,
        RUNNER_PILOT_AGENT_FOLDER: served,
        RUNNER_PILOT_POLL_SECONDS: '1',
        ...github.settings,
      },
    });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rp-remote-user-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    machine = stack.use(await makeMachine());
    agentFolder = join(folder, 'agent-files');
    await Promise.all([buildAgent(agentFolder), machine.boot()]);
    await makeDemoImages(machine.socket());
    const host = machine.hostAddress;
    github = stack.use(await startGithub({ host }));
    githubHost = new URL(github.url).host;
    front = stack.use(await startReverseProxy(host, () => port, folder));
    proxy = stack.use(await startForwardProxy(host));
    publicUrl = `https://${host}:${front.port}`;
    port = await freePort();
    await deploy(agentFolder);
    stack.defer(() => cloud.close());
    ({ api } = await signUp(cloud.url));
    await machine.run(
      `install -d -o ${user} -g ${user} -m 700 ${home} /run/user/${user}; chmod 755 /run/user
       install -m 644 ${front.caPath} ${home}/company.pem
       iptables -A OUTPUT -o eth0 -p tcp ! --dport ${proxy.port} -j REJECT`,
    );
    before = await machine.installed();
  });

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud, { engines: [machine.socket()] });
    } finally {
      await stack.disposeAsync();
    }
  });

  const as = (command: string) =>
    `setpriv --reuid ${user} --regid ${user} --groups "$(stat -c %g /run/docker.sock)" env HOME=${home} XDG_RUNTIME_DIR=/run/user/${user} ${command}`;
  const containers = () => machine.run(`docker ps -a --format '{{.Names}} {{.State}}'`);

  const fetchInstaller = () =>
    `https_proxy=http://${machine.hostAddress}:${proxy.port} curl --cacert ${home}/company.pem -fsSL ${publicUrl}/agent/install.sh`;
  const create = () => ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
  const agents = async () =>
    (await machine.run(`ps -e -o uid=,pid=,args= | grep '[a]gent.mjs'`)).split('\n').map((line) => {
      const [uid, pid] = line.trim().split(/\s+/);
      return { uid, pid };
    });

  test('installs without root, and runs an instance', async () => {
    const { uid, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Near', type: 'Remote' });
    node = uid;
    const options = / sh -s -- (.*)$/.exec(enrollment.command)?.[1];
    const address = `http://${machine.hostAddress}:${proxy.port}`;
    const said = await machine.run(
      as(`sh -euc '${fetchInstaller()} | sh -s -- ${options} --proxy ${address} --ca-file ${home}/company.pem'`),
    );
    await machine.start(as(startScriptIn(said)));
    await until('the node to be online', async () => {
      const { connection } = await ask(api, 'GET', `/org/GT/nodes/${node}`);
      return connection === 'online';
    });

    const runner = { name: 'R', docker_image: plainImage, github_repo: repository, github_runner_token: canary };
    instances = `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    const created = await create();
    expect(created).toMatchObject({ status: 'online' });
    await until('a line of it', async () => (await ask(api, 'GET', `${instances}/${created.uid}/logs`)).length > 0);
    expect(await containers()).toBe(`${created.instance_identifier} running`);
    expect([...proxy.targets].toSorted()).toEqual([new URL(publicUrl).host, githubHost].toSorted());
    expect(await agents()).toEqual([{ uid: `${user}`, pid: expect.any(String) }]);
  }, 60_000);

  test('becomes what its control plane serves, through the proxy and still without root', async () => {
    const [before, running] = [await agents(), await containers()];
    const sha256 = await anotherBuild(agentFolder, join(folder, 'second'), '0.2.0');
    proxy.targets.clear();

    await deploy(join(folder, 'second'));

    const program = `${home}/.local/lib/runner-pilot/agent.mjs`;
    await until('it', async () => (await machine.run(`sha256sum ${program}`)).includes(sha256), 40);
    const version = async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).facts.agent_version;
    await until('its version', async () => (await version()) === '0.2.0', 40);
    expect(await agents()).toEqual(before);
    expect(await machine.run(`stat -c %u ${program}`)).toBe(`${user}`);
    expect([...proxy.targets]).toContain(new URL(publicUrl).host);
    expect((await create()).status).toBe('online');
    expect(await containers()).toContain(running);
  }, 60_000);

  test('is uninstalled', async () => {
    await machine.run(as(`sh -euc '${fetchInstaller()} | sh -s -- --uninstall'`));

    expect(await containers()).toBe('');
    expect(await machine.installed()).toEqual(before);
  }, 60_000);
});
