import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { makeNodeImage } from '../docker-images.ts';
import { describeWithSystemd, type MachineOptions, type SecondMachine } from '../machine.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { until } from './http.ts';
import { ask, canary, repository } from './tenant.ts';

const unit = 'runner-pilot-agent.service';
const program = '/usr/local/lib/runner-pilot/agent.mjs';
const runner = { name: 'R', docker_image: plainImage, github_repo: repository, github_runner_token: canary };

const makeImages = async (socket: string) => {
  await makeDemoImages(socket);
  await makeNodeImage(socket);
};

/** A machine that systemd runs, whose Node is older than any agent. */
async function startWithoutNode(options?: MachineOptions): Promise<Elsewhere> {
  const elsewhere = await startElsewhere(makeImages, { systemd: true, ...options });
  await elsewhere.machine.run(`printf '#!/bin/sh\\necho 18\\n' >/usr/local/bin/node`);
  return elsewhere;
}

describeWithSystemd('a machine without Node', () => {
  describe('of root', () => {
    let elsewhere: Elsewhere;
    let machine: SecondMachine;
    let api: Elsewhere['api'];
    let before: string[];
    let node: string;
    let instances: string;

    beforeAll(async () => {
      elsewhere = await startWithoutNode({
        diskMb: 1500,
        daemon: { hosts: ['unix:///run/docker.sock', 'unix:///run/other.sock'] },
      });
      ({ machine, api } = elsewhere);
      before = await machine.installed();
    });

    afterAll(() => elsewhere?.end());

    const shown = (property: string) => machine.run(`systemctl show --value -p ${property} ${unit}`);
    const create = () => ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
    const facts = async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).facts;
    const starts = async () =>
      (await machine.run(`journalctl -q -o cat -u ${unit}`)).match(/ serves 1 node\./g)?.length;
    const agent = async () => {
      const { body } = await callEngine(machine.socket(), 'GET', '/containers/runner-pilot-agent/json');
      return JSON.parse(body.toString('utf8'));
    };

    test('the printed line makes it a node, by a unit that runs a container of Node', async () => {
      const { said, ...made } = await elsewhere.attach('Far');
      ({ node } = made);

      expect(said).toContain("There is no Node 22 here: the agent runs in a container of Node's own image.");
      expect(said).toMatch(
        /^This machine is a node now\. What its agent does: journalctl -u runner-pilot-agent\.service$/m,
      );
      expect([await shown('UnitFileState'), await shown('ActiveState')]).toEqual(['enabled', 'active']);
      const { Config, HostConfig } = await agent();
      expect(Config.Image).toBe('node:24-slim');
      // Its engine may map root to another user, who has no network of the machine's.
      expect(HostConfig.UsernsMode).toBe('host');
      // A log that does not grow for ever.
      expect(HostConfig.LogConfig.Type).toBe('local');
      expect((await facts()).disk_bytes).toBe(1500 * 2 ** 20);
    }, 60_000);

    test('an instance listens there, and its lines and figures arrive', async () => {
      instances = await elsewhere.makeRunner(runner);

      const { uid, status } = await create();
      const figures = await until('the figures', async () => {
        const answer = await api('GET', `${instances}/${uid}/metrics`);
        return answer.status === 200 && answer.body;
      });
      const df = await machine.run('df --output=pcent /var/lib/docker | tail -n 1');

      expect(status).toBe('online');
      expect(figures.disk_usage).toBeGreaterThan(Number.parseInt(df, 10) - 2);
      expect(figures.disk_usage).toBeLessThan(Number.parseInt(df, 10) + 2);
      await until('a line of it', async () =>
        (await ask(api, 'GET', `${instances}/${uid}/logs`)).some(({ message }: { message: string }) =>
          message.includes('Listening for Jobs'),
        ),
      );
    }, 60_000);

    test.each([
      'docker restart runner-pilot-agent',
      'docker kill runner-pilot-agent',
      `kill -9 "$(systemctl show --value -p MainPID ${unit})"`,
      `systemctl restart ${unit}`,
    ])(
      'after %s there is an agent again that says what it does, and what runs goes on',
      async (command) => {
        const [said, { Id }] = [await starts(), await agent()];
        const running = (await elsewhere.containers()).filter(({ name }) => name.startsWith('rp-'));

        await machine.run(command);

        await until('another agent', async () => (await starts()) === (said ?? 0) + 1, 30);
        expect((await agent()).Id).not.toBe(Id);
        expect((await create()).status).toBe('online');
        expect(await elsewhere.containers()).toEqual(expect.arrayContaining(running));
      },
      60_000,
    );

    test('it becomes what its control plane serves, in the same container', async () => {
      const { Id, State } = await agent();

      const sha256 = await elsewhere.deploy('0.2.0');

      await until('it', async () => (await machine.run(`sha256sum ${program}`)).includes(sha256), 40);
      await until('its version', async () => (await facts()).agent_version === '0.2.0', 40);
      expect(await agent()).toMatchObject({ Id, State: { StartedAt: State.StartedAt, Status: 'running' } });
      expect((await create()).status).toBe('online');
    }, 60_000);

    test('--uninstall removes the container, the unit and what runs there, and leaves nothing', async () => {
      await machine.run(`curl -fsSL ${elsewhere.cloud.url}/agent/install.sh | sudo sh -s -- --uninstall`);

      expect(await elsewhere.containers()).toEqual([]);
      expect(await machine.run('docker volume ls -q')).toBe('');
      expect(await machine.installed()).toEqual(before);
      expect(await shown('LoadState')).toBe('not-found');
    }, 60_000);

    test('in the foreground, with its docker command killed, it is ended by the installer, which knows its engine', async () => {
      const { enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Again', type: 'Remote' });
      const agents = async () =>
        (await elsewhere.containers()).filter(({ state }) => state === 'running').map(({ id }) => id);
      const orphan = async () => {
        await until('its agent', () => machine.run('[ ! -S /run/runner-pilot/agent.sock ] || echo it').then(Boolean));
        await machine.run('kill -9 "$(cat /run/runner-pilot/agent.pid)"');
        expect(await agents()).toHaveLength(1);
        return agents();
      };
      const installer = `curl -fsSL ${elsewhere.cloud.url}/agent/install.sh | sudo sh -s --`;

      await machine.start(`sh -c 'export DOCKER_HOST=unix:///run/other.sock; ${enrollment.command} --foreground'`);
      const [first] = await orphan();
      await machine.start(`sh -c '${installer} --url ${elsewhere.cloud.url} --allow-http --foreground'`);
      await until('another agent', async () => {
        const [id] = await agents();
        return id !== undefined && id !== first;
      });
      expect(await machine.run('grep ^DOCKER_HOST= /etc/runner-pilot/agent.env')).toMatch(
        /=unix:\/\/\/run\/other\.sock$/,
      );
      await orphan();
      await machine.run(`${installer} --uninstall`);

      expect(await elsewhere.containers()).toEqual([]);
      expect(await machine.installed()).toEqual(before);
    }, 60_000);
  });

  describe('of a user who may use Docker', () => {
    let elsewhere: Elsewhere;
    let machine: SecondMachine;
    let before: string[];

    beforeAll(async () => {
      elsewhere = await startWithoutNode();
      ({ machine } = elsewhere);
      await machine.run(
        `useradd -l -u 12345 -d /var/lib/somebody -G docker,systemd-journal somebody
         install -d -o somebody -g somebody -m 700 /var/lib/somebody`,
      );
      before = await machine.installed();
    });

    afterAll(() => elsewhere?.end());

    /** As somebody who has no session: by su, or in a script of root's. */
    const as = (command: string) =>
      machine.run(
        `setpriv --reuid somebody --regid somebody --init-groups env HOME=/var/lib/somebody XDG_RUNTIME_DIR=/run/user/12345 sh -euc '${command}'`,
      );
    const containers = async () => (await elsewhere.containers()).map(({ name, state }) => `${name} ${state}`);

    test('the printed line works without root, is a node after a reboot, and is uninstalled', async () => {
      await machine.run('systemd-tmpfiles --create --prefix=/run/log/journal');
      const { api } = elsewhere;
      const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });
      const said = await as(enrollment.command.replace('| sudo sh', '| sh'));
      const [, journal = ''] = /What its agent does: (.+)$/.exec(said) ?? [];
      await until('the agent', async () => (await containers()).includes('runner-pilot-agent-12345 running'));
      await elsewhere.connected(node, 'online');
      expect(await machine.run(`ps -e -o uid,args | awk '/[n]ode .*agent[.]mjs/ { print $1 }' | sort -u`)).toBe(
        '12345',
      );
      await until('its first line', async () => (await as(`${journal} -q`)).includes('serves 1 node.'));
      expect(await as(`systemd-analyze --user verify ~/.config/systemd/user/${unit} 2>&1`)).toBe('');

      await machine.powerOff();
      await machine.boot();
      await until('the agent', async () => (await containers()).includes('runner-pilot-agent-12345 running'));
      const instances = await elsewhere.makeRunner(runner);
      const { status } = await ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=25' });
      expect(status).toBe('online');

      const uninstall = `curl -fsSL ${elsewhere.cloud.url}/agent/install.sh | sh -s -- --uninstall`;
      expect(await machine.run(uninstall)).toMatch(/^Nothing has been installed by user 0: whoever has/);
      await as(uninstall);
      expect(await containers()).toEqual([]);
      expect(await machine.installed()).toEqual(before);
    }, 90_000);
  });
});
