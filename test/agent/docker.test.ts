import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineAddress } from '#agent/engine/address.ts';
import { createEngine, type Engine } from '#agent/engine/engine.ts';
import { createDocker } from '#agent/node/docker.ts';
import { createNetworks } from '#agent/node/network.ts';
import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { importImage, userland } from '#local/demo/images.ts';
import { clientImage, daemonImage, makeDockerImages } from '../docker-images.ts';
import { describeWithMachine, makeMachine as makeSecondMachine, type SecondMachine } from '../machine.ts';
import { type AgentCall, startEngineProxy, type Verdict } from './call-proxy.ts';
import { type Control, type Row, startControl } from './control.ts';
import { eventually, makeMachine, type TestMachine } from './machine.ts';
import { registering } from './registering.ts';

/** An image whose daemon says why it can't be, and ends. */
const brokenImage = 'runner-pilot/test-broken-daemon:1';

describeWithMachine('an instance with a Docker daemon of its own', () => {
  let second: SecondMachine;
  let engine: Engine;
  let github: Github;
  let control: Control;
  const starts = new Map<string, number>();
  const listening = new AbortController();

  beforeAll(async () => {
    second = await makeSecondMachine();
    await second.boot();
    await makeDockerImages(second.socket());
    const broken = {
      path: 'usr/bin/dockerd',
      mode: 0o755,
      content: Buffer.from('#!/bin/sh\necho no room for layers\nexit 1\n'),
    };
    await importImage(second.socket(), brokenImage, [...userland(), broken], ['ENV PATH=/usr/bin:/bin']);
    engine = createEngine(engineAddress(`unix://${second.socket()}`));
    github = await startGithub({ host: second.hostAddress });
    control = await startControl();
    const { credential } = registering(github);
    control.settings.credential = (row) => ({
      ...credential(row),
      ...(row.desired.docker && { docker: row.desired.docker }),
    });
    engine
      .events('runner-pilot.instance', listening.signal, ({ Action, Actor }) => {
        const { name = '' } = Actor.Attributes;
        if (Action === 'start') starts.set(name, (starts.get(name) ?? 0) + 1);
      })
      .catch(() => undefined);
  }, 120_000);

  afterAll(async () => {
    listening.abort();
    await control?.[Symbol.asyncDispose]();
    await github?.close();
    await second?.[Symbol.asyncDispose]();
  });

  const attach = async (
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ node: string; machine: TestMachine }> => {
    const node = `test-node-${randomUUID().slice(0, 8)}`;
    const machine = makeMachine(control.url, {
      DOCKER_HOST: `unix://${second.socket()}`,
      RUNNER_PILOT_DIND_IMAGE: daemonImage,
      ...env,
    });
    await machine.enroll(node, control.code(node));
    return { node, machine };
  };
  const create = (node: string, more: Partial<Desired> = {}) =>
    control.create(node, randomUUID(), clientImage, { docker: 'dind', ...more });
  const reported = (row: Row, state: string) => row.reports.find((seen) => seen.state === state);
  const listens = (row: Row) => eventually('it listens', () => reported(row, 'listening'), 40);
  const daemonOf = ({ uid }: Row) => `${containerName(uid)}-docker`;
  /** What the engine has of an instance. */
  const left = async ({ uid }: Row): Promise<string[]> => [
    ...(await engine.listContainers([`runner-pilot.instance=${uid}`])).map(({ Names }) => `container ${Names[0]}`),
    ...(await engine.listVolumes([`runner-pilot.instance=${uid}`])).map(({ Name }) => `volume ${Name}`),
    ...(await engine.listNetworks()).flatMap(({ Name }) => (Name.includes(uid) ? [`network ${Name}`] : [])),
  ];
  const remove = async (row: Row) => {
    control.remove(row.uid);
    await eventually('it is gone', () => row.gone, 40);
    return left(row);
  };

  const call = (method: string, path: RegExp) => (made: AgentCall) => made.method === method && path.test(made.path);
  const moments = {
    'making what is shared': call('POST', /\/volumes\/create/),
    'making the daemon': call('POST', /\/containers\/create\?name=rp-[^&]+-docker/),
    'starting the daemon': call('POST', /\/containers\/[0-9a-f]{64}\/start/),
    'asking the daemon': call('POST', /\/containers\/[0-9a-f]{64}\/exec/),
    'opening what is shared': call('PUT', /\/containers\/[0-9a-f]{64}\/archive/),
  };

  /** An agent that dies once, before or after a call to the engine. */
  const attachMortal = async (when: AgentCall['when'], matches: (made: AgentCall) => boolean) => {
    const { node, machine } = await attach();
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    let dead = false;
    const proxy = stack.use(
      await startEngineProxy(
        join(machine.folder, 'engine.sock'),
        async (made): Promise<Verdict> => {
          if (dead || made.when !== when || !matches(made)) return 'go on';
          dead = true;
          await machine.kill();
          return 'go on';
        },
        second.socket(),
      ),
    );
    const kept = stack.move();
    return {
      node,
      start: () => machine.start({ DOCKER_HOST: proxy.dockerHost }),
      died: () => eventually('the agent dies', () => dead && machine.pid() === undefined, 40),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  };

  test.each(
    Object.entries(moments).flatMap(([moment, matches]) => [
      ['before', moment, matches] as const,
      ['after', moment, matches] as const,
    ]),
  )(
    'goes on where an agent has died %s %s, and is removed as a whole',
    async (when, _, matches) => {
      await using agent = await attachMortal(when, matches);
      const row = create(agent.node);
      agent.start();
      await agent.died();

      agent.start();
      await listens(row);

      expect(starts.get(containerName(row.uid))).toBe(1);
      expect(starts.get(daemonOf(row))).toBe(1);
      expect(await left(row)).toHaveLength(4);
      expect(await remove(row)).toEqual([]);
    },
    120_000,
  );

  test('that nobody lists goes, though there is but the daemon of it', async () => {
    await using agent = await attachMortal('after', moments['starting the daemon']);
    const row = create(agent.node);
    agent.start();
    await agent.died();

    control.rows.delete(row.uid);
    agent.start();

    await eventually('nothing is left', async () => (await left(row)).length === 0, 40);
  }, 120_000);

  test('has one as limited as its runner, in its own network, and known by its labels', async () => {
    const { node, machine } = await attach();
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    machine.start();
    const row = create(node, { limits: { cpus: 0.5, memory_mb: 512, pids: 300 } });
    await listens(row);

    const [runner, daemon] = await Promise.all(
      [containerName(row.uid), daemonOf(row)].map(async (name) =>
        JSON.parse(await second.run(`curl -fsS --unix-socket /run/docker.sock http://docker/containers/${name}/json`)),
      ),
    );

    const limits = { NanoCpus: 500_000_000, Memory: 512 * 1024 * 1024, PidsLimit: 300 };
    expect(daemon.HostConfig).toMatchObject({ ...limits, Privileged: true, NetworkMode: containerName(row.uid) });
    expect(runner.HostConfig).toMatchObject({ ...limits, Privileged: false, NetworkMode: `container:${daemon.Id}` });
    expect(daemon.Config.Labels).toMatchObject({ 'runner-pilot.node': node, 'runner-pilot.role': 'docker' });
    expect(runner.Config.Labels['runner-pilot.role']).toBeUndefined();
    expect(await remove(row)).toEqual([]);
  }, 60_000);

  test('whose daemon does not work says so in the daemon’s words, may be tried again, and leaves nothing', async () => {
    const { node, machine } = await attach({ RUNNER_PILOT_DIND_IMAGE: brokenImage });
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    machine.start();
    const row = create(node);

    const refused = await eventually('it is refused', () => reported(row, 'refused'), 40);

    expect(refused).toMatchObject({
      retryable: true,
      reason: {
        code: 'docker_unavailable',
        detail: 'The Docker daemon of the instance does not work. It ended with code 1. It said: no room for layers',
      },
    });
    expect(await remove(row)).toEqual([]);
    expect(starts.get(containerName(row.uid))).toBeUndefined();
  }, 60_000);

  test('that loses its daemon takes no job any more', async () => {
    const { node, machine } = await attach();
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    machine.start();
    const row = create(node);
    await listens(row);

    await second.run(`curl -fsS -X POST --unix-socket /run/docker.sock http://docker/containers/${daemonOf(row)}/kill`);

    const exited = await eventually('it ends', () => reported(row, 'exited'), 40);
    expect(exited.reason).toEqual({ code: 'docker_unavailable', detail: 'Its Docker daemon has ended.' });
    await eventually('it is gone', async () => (await left(row)).length === 0, 40);
  }, 90_000);

  test('that is not granted what it was told of is refused for good', async () => {
    const { node, machine } = await attach();
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    const granted = control.settings.credential;
    control.settings.credential = (row) => ({ ...granted(row), docker: undefined });
    stack.defer(() => {
      control.settings.credential = granted;
    });
    machine.start();
    const row = create(node);

    const refused = await eventually('it is refused', () => reported(row, 'refused'), 40);

    expect(refused).toMatchObject({ retryable: false, reason: { code: 'docker_not_allowed' } });
    expect(await remove(row)).toEqual([]);
  }, 60_000);

  test('finds its daemon’s things again when that is started again, as after a reboot', async () => {
    const uid = randomUUID();
    const name = containerName(uid);
    const owner = { deployment: 'test', organization: 'acme', node: 'none' };
    const docker = createDocker(engine, { image: daemonImage, socket: undefined });
    const networks = createNetworks(engine, '10.215.0.0/16');
    const desired = { ...create('none', { uid }).desired, uid };
    const granted = { ...control.settings.credential({ uid, desired } as Row), docker: 'dind' as const };
    const give = () => docker.give(desired, granted, { owner, bootId: 'test' }, AbortSignal.timeout(60_000));
    await networks.ensure(name, {});

    const first = await give();
    await second.run(`curl -fsS -X POST --unix-socket /run/docker.sock http://docker/containers/${name}-docker/kill`);
    const again = await give();

    expect(first).toMatchObject({ consent: 'dind', daemon: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(again).toEqual(first);
    expect(starts.get(`${name}-docker`)).toBe(2);
    await docker.remove(uid);
    await networks.remove(name);
    expect(await left({ uid } as Row)).toEqual([]);
  }, 60_000);

  test('of a node that is taken up again leaves no volume that nobody uses', async () => {
    const { node, machine } = await attach();
    await using stack = new AsyncDisposableStack();
    stack.use(machine);
    const uid = randomUUID();
    const labels = { 'runner-pilot.node': node, 'runner-pilot.instance': uid };
    await engine.createVolume(containerName(uid), labels);

    machine.start();

    await eventually('it is removed', async () => (await left({ uid } as Row)).length === 0);
  }, 60_000);
});
