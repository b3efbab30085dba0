import { afterAll, beforeAll, expect, test } from 'vitest';
import { label } from '#agent/node/labels.ts';
import { callEngine } from '#local/demo/engine.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { caller, until } from './http.ts';
import { ask, canary, repository } from './tenant.ts';

describeWithMachine('two machines take turns with the token of one node', () => {
  let elsewhere: Elsewhere;
  let copy: SecondMachine;
  let node: string;
  let instances: string;

  beforeAll(async () => {
    elsewhere = await startElsewhere();
    ({ node } = await elsewhere.attach('Far'));
    copy = await makeMachine();
    await copy.boot();
    await makeDemoImages(copy.socket());
    const draft = { name: 'Runner', docker_image: plainImage, github_repo: repository, github_runner_token: canary };
    instances = await elsewhere.makeRunner(draft);
  }, 120_000);

  afterAll(async () => {
    await copy?.[Symbol.asyncDispose]();
    await elsewhere?.[Symbol.asyncDispose]();
  });

  const create = async (): Promise<string> => {
    const order = { node_id: node };
    const { uid } = await ask(elsewhere.api, 'POST', instances, order, { prefer: 'respond-async' });
    return `${instances}/${uid}`;
  };
  const events = async (): Promise<{ code: string }[]> => ask(elsewhere.api, 'GET', `/org/GT/nodes/${node}/events`);

  test('it is told, what runs goes on, and nothing is started twice', async () => {
    const { machine, github } = elsewhere;
    const running = await create();
    const { instance_identifier } = await elsewhere.isShown(running, 'online');
    const job = github.queueJob({ repository, name: 'long', steps: [{ wait: 'release' }] });
    await elsewhere.isShown(running, 'busy');

    // Another machine gets what a copy of the disk would have: the state of the agent, and so its token.
    const { startScript } = await elsewhere.attach('Copy', copy);
    const state = await machine.run('base64 -w0 /var/lib/runner-pilot/agent.json');
    await copy.run(`kill $(cat /run/runner-pilot/agent.pid); flock -w 20 /var/lib/runner-pilot/agent.lock true
      echo ${state} | base64 -d >/var/lib/runner-pilot/agent.json`);
    await copy.start(startScript);
    await until('both to be noticed', async () => (await events()).some(({ code }) => code === 'node_cloned'), 40);
    const wanted = await create();
    const seen = await elsewhere.isShown(running, 'busy');
    const warned = await ask(elsewhere.api, 'GET', `/org/GT/nodes/${node}`);
    const listed: { uid: string }[] = await ask(elsewhere.api, 'GET', '/org/GT/nodes');

    // A copy of the disk has the container too, as one that a power loss has ended: that is what its agent would say.
    const { token } = JSON.parse(Buffer.from(state, 'base64').toString()).nodes[0];
    const uid = running.slice(instances.length + 1);
    const inspected = await callEngine(machine.socket(), 'GET', `/containers/${instance_identifier}/json`);
    const { Labels } = JSON.parse(inspected.body.toString()).Config;
    const exited = {
      uid,
      generation: Number(Labels[label.generation]),
      seq: Date.now(),
      state: 'exited',
      at: Date.now(),
    };
    const said = { boot_id: copy.bootId(), agent_version: '0.1.0', observed: [exited] };
    const doubted = await caller(elsewhere.cloud.url, token)('POST', '/agent/sync', said);
    const after = await ask(elsewhere.api, 'GET', running);

    github.releaseJob(job.id);
    const ended = await elsewhere.isShown(running, 'stopped', 60);

    expect(doubted).toMatchObject({ status: 409, body: { code: 'sync.wait', title: 'The node is in doubt' } });
    expect(doubted.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(Number(doubted.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(doubted.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(after).toMatchObject({ status: 'busy', job: { name: 'long' } });
    expect(warned.warnings).toMatchObject([
      { code: 'node_cloned', detail: expect.stringMatching(/^Two machines use/) },
    ]);
    expect(listed.find((one) => one.uid === node)).toMatchObject({ warnings: warned.warnings });
    expect(copy.bootId()).not.toBe(machine.bootId());
    expect(seen.instance_identifier).toBe(instance_identifier);
    expect(ended.reason).toMatchObject({ code: 'job_completed' });
    expect(job).toMatchObject({ conclusion: 'Succeeded', runs: [{ runnerName: instance_identifier }] });
    expect(await elsewhere.containers(copy)).toEqual([]);
    expect((await ask(elsewhere.api, 'GET', wanted)).status).toBe('provisioning');
    expect((await events()).filter(({ code }) => code === 'rebooted').length).toBeLessThanOrEqual(1);
  }, 150_000);
});
