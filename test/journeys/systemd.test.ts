import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainImage } from '#local/demo/images.ts';
import { describeWithSystemd, type SecondMachine } from '../machine.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { until } from './http.ts';
import { ask, canary, repository } from './tenant.ts';

const unit = 'runner-pilot-agent.service';

describeWithSystemd('a machine that systemd runs', () => {
  let elsewhere: Elsewhere;
  let machine: SecondMachine;
  let api: Elsewhere['api'];
  let before: string[];
  let node: string;
  let instances: string;

  beforeAll(async () => {
    elsewhere = await startElsewhere(undefined, { systemd: true });
    ({ machine, api } = elsewhere);
    before = await machine.installed();
  });

  afterAll(() => elsewhere?.end());

  const shown = (property: string) => machine.run(`systemctl show --value -p ${property} ${unit}`);
  const create = () => ask(api, 'POST', instances, { node_id: node }, { prefer: 'wait=20' });
  const starts = async () => (await machine.run(`journalctl -q -o cat -u ${unit}`)).match(/ serves 1 node\./g)?.length;

  test('the printed line makes it a node, by a unit that has nothing wrong with it', async () => {
    const { said, ...made } = await elsewhere.attach('Far');
    ({ node } = made);

    expect(said).toMatch(
      /^This machine is a node now\. What its agent does: journalctl -u runner-pilot-agent\.service$/m,
    );
    expect(await shown('UnitFileState')).toBe('enabled');
    expect(await shown('ActiveState')).toBe('active');
    expect(await machine.run(`readlink /proc/${await shown('MainPID')}/exe`)).toBe('/usr/local/bin/node');
    expect(await machine.run(`systemd-analyze verify /etc/systemd/system/${unit} 2>&1`)).toBe('');
    await until('its first line', async () => (await starts()) === 1);
    instances = await elsewhere.makeRunner({
      name: 'R',
      docker_image: plainImage,
      github_repo: repository,
      github_runner_token: canary,
    });
    expect((await create()).status).toBe('online');
  }, 60_000);

  test('killed, it is started again, and what runs goes on', async () => {
    const [pid, containers] = [await shown('MainPID'), await elsewhere.containers()];

    await machine.run(`kill -9 ${pid}`);

    await until('another agent', async () => (await starts()) === 2);
    expect(await shown('MainPID')).not.toBe(pid);
    expect((await create()).status).toBe('online');
    expect(await elsewhere.containers()).toEqual(expect.arrayContaining(containers));
  }, 60_000);

  test('it becomes what its control plane serves, and systemd sees the same process', async () => {
    const pid = await shown('MainPID');

    const sha256 = await elsewhere.deploy('0.2.0');

    const program = '/usr/local/lib/runner-pilot/agent.mjs';
    await until('it', async () => (await machine.run(`sha256sum ${program}`)).includes(sha256), 40);
    const version = async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).facts.agent_version;
    await until('its version', async () => (await version()) === '0.2.0', 40);
    expect([await shown('MainPID'), await shown('NRestarts')]).toEqual([pid, '1']);
  }, 60_000);

  test('rebooted, it is a node again by itself', async () => {
    await machine.shutDown();
    await machine.boot();

    await until('the agent', async () => (await starts()) === 1);
    expect((await create()).status).toBe('online');
  }, 60_000);

  test('--uninstall removes the unit and what runs there, and leaves nothing', async () => {
    await machine.run(`curl -fsSL ${elsewhere.cloud.url}/agent/install.sh | sudo sh -s -- --uninstall`);

    expect(await elsewhere.containers()).toEqual([]);
    expect(await machine.installed()).toEqual(before);
    expect(await shown('LoadState')).toBe('not-found');
    expect(await machine.run('ps -e -o args')).not.toContain('agent.mjs');
  }, 60_000);
});
