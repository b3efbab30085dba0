import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { startScriptIn } from './elsewhere.ts';
import { until } from './http.ts';
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

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rp-remote-user-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    machine = stack.use(await makeMachine());
    const [{ path }] = await Promise.all([buildAgent(join(folder, 'agent-files')), machine.boot()]);
    await makeDemoImages(machine.socket());
    const host = machine.hostAddress;
    const github = stack.use(await startGithub({ host }));
    githubHost = new URL(github.url).host;
    front = stack.use(await startReverseProxy(host, () => cloud.port, folder));
    proxy = stack.use(await startForwardProxy(host));
    publicUrl = `https://${host}:${front.port}`;
    cloud = stack.use(
      await startCloud({
        dataDir: join(folder, 'data'),
        host,
        agent: false,
        env: {
          RUNNER_PILOT_PUBLIC_URL: publicUrl,
          RUNNER_PILOT_AGENT_FOLDER: join(path, '..'),
          RUNNER_PILOT_POLL_SECONDS: '1',
          ...github.settings,
        },
      }),
    );
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

  test('installs without root, runs an instance, and is uninstalled', async () => {
    const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Near', type: 'Remote' });
    const address = `http://${machine.hostAddress}:${proxy.port}`;
    const fetchInstaller = `https_proxy=${address} curl --cacert ${home}/company.pem -fsSL ${publicUrl}/agent/install.sh`;
    const options = / sh -s -- (.*)$/.exec(enrollment.command)?.[1];
    const said = await machine.run(
      as(`sh -euc '${fetchInstaller} | sh -s -- ${options} --proxy ${address} --ca-file ${home}/company.pem'`),
    );
    await machine.start(as(startScriptIn(said)));
    await until('the node to be online', async () => {
      const { connection } = await ask(api, 'GET', `/org/GT/nodes/${node}`);
      return connection === 'online';
    });

    const runner = { name: 'R', docker_image: plainImage, github_repo: repository, github_runner_token: canary };
    const instances = `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    const created = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
    expect(created).toMatchObject({ status: 'online' });
    await until('a line of it', async () => (await ask(api, 'GET', `${instances}/${created.uid}/logs`)).length > 0);
    expect(await containers()).toBe(`${created.instance_identifier} running`);
    expect([...proxy.targets].toSorted()).toEqual([new URL(publicUrl).host, githubHost].toSorted());
    const agents = await machine.run(`ps -e -o uid,args | grep '[a]gent.mjs'`);
    expect(agents.split('\n').map((line) => line.trim().split(/\s+/)[0])).toEqual([`${user}`]);

    await machine.run(as(`sh -euc '${fetchInstaller} | sh -s -- --uninstall'`));
    expect(await containers()).toBe('');
    expect(await machine.installed()).toEqual(before);
  }, 60_000);
});
