import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import * as z from 'zod';
import { buildAgent } from '#agent/build.ts';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { freePort } from '#test/journeys/local-mode.ts';
import { ask, canary, type Owner, repository, signUp } from '#test/journeys/tenant.ts';
import { makeMachine, type SecondMachine } from '#test/machine.ts';
import { layWire, type Wire } from './wire.ts';

/** The image of every runner here. Nobody listens at that registry: what is taken away can't be pulled. */
export const image = '127.0.0.1:1/runner-pilot/plain:1';
/** How often the node syncs, and how often the control plane sweeps. */
export const everySeconds = 2;

const Listed = z.array(z.object({ Id: z.string(), Names: z.array(z.string()), State: z.string() }));

/** A container, as `docker ps -a` lists it. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
}

/** A machine of its own with an engine and an agent, and a control plane elsewhere. */
export interface Site extends AsyncDisposable {
  readonly machine: SecondMachine;
  readonly wire: Wire;
  readonly cloud: Cloud;
  readonly github: Github;
  readonly api: Owner['api'];
  readonly node: string;
  /** Makes a runner; the answer is the path of its instances. */
  makeRunner(draft: Readonly<Record<string, unknown>>): Promise<string>;
  engine(method: string, path: string, body?: unknown): Promise<unknown>;
  containers(): Promise<Listed[]>;
  tagImage(): Promise<unknown>;
  /** Sends a signal to the agent, if it runs. */
  signalAgent(signal: string): Promise<void>;
  /** What the agent and the engine have said, for a failure. */
  said(): Promise<string>;
}

const stateFolder = '/var/lib/docker/agent-state';
const runFolder = '/run/runner-pilot';

/** Opens it: the agent keeps its state on the engine's disk, which is a small one. */
export async function openSite({ diskMb }: { readonly diskMb: number }): Promise<Site> {
  await using made = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rp-chaos-'));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const machine = made.use(await makeMachine({ diskMb, daemon: { 'live-restore': true } }));
  const [{ path: program }] = await Promise.all([buildAgent(join(folder, 'agent')), machine.boot()]);
  await makeDemoImages(machine.socket());
  const github = made.use(await startGithub({ host: machine.hostAddress }));
  const port = await freePort();
  const wire = made.use(await layWire(machine.hostAddress, () => `http://${machine.hostAddress}:${port}`));
  const cloud = made.use(
    await startCloud({
      dataDir: join(folder, 'data'),
      host: machine.hostAddress,
      port,
      agent: false,
      sweepSeconds: everySeconds,
      env: {
        ...github.settings,
        RUNNER_PILOT_PUBLIC_URL: wire.url,
        RUNNER_PILOT_ALLOW_HTTP: '1',
        RUNNER_PILOT_LOG_LEVEL: 'ERROR',
        RUNNER_PILOT_POLL_SECONDS: `${everySeconds}`,
        RUNNER_PILOT_BEAT_SECONDS: `${everySeconds}`,
        RUNNER_PILOT_REAP_SECONDS: `${everySeconds}`,
        RUNNER_PILOT_RATE_WRITE: '100000/0.001',
        RUNNER_PILOT_RATE_JOURNAL: '100000/0.001',
      },
    }),
  );
  made.defer(() => void vi.unstubAllEnvs());
  const { api } = await signUp(cloud.url);
  const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });
  const code = /--code (\S+)/.exec(enrollment.command)?.[1] ?? '';

  const environment = [
    `RUNNER_PILOT_AGENT_STATE=${stateFolder}`,
    `RUNNER_PILOT_AGENT_RUN=${runFolder}`,
    'RUNNER_PILOT_LOG_BYTES_PER_SECOND=100000000',
  ].join(' ');
  const agent = `env ${environment} node ${program}`;
  await machine.run(`${agent} enroll --url ${wire.url} --code ${code}`);

  const site: Site = {
    machine,
    wire,
    cloud,
    github,
    api,
    node,
    async makeRunner(draft) {
      const runner = { docker_image: image, github_repo: repository, github_runner_token: canary, ...draft };
      return `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    },
    async engine(method, path, body) {
      const answer = await callEngine(machine.socket(), method, path, body);
      const text = answer.body.toString('utf8');
      if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    async containers() {
      return Listed.parse(await site.engine('GET', '/containers/json?all=true')).map(({ Id, Names, State }) => ({
        id: Id,
        name: (Names[0] ?? '').slice(1),
        running: State === 'running',
      }));
    },
    tagImage: () => site.engine('POST', `/images/${plainImage}/tag?repo=${image.replace(/:1$/, '')}&tag=1`),
    signalAgent: async (signal) =>
      void (await machine.run(`kill -${signal} $(cat /run/agent.pid) 2>/dev/null || true`)),
    said: async () =>
      `Containers: ${JSON.stringify(await site.engine('GET', '/containers/json?all=true').catch(String))}\nThe agent: ${await machine.run('tail -n 40 /run/agent.log').catch(String)}\nThe engine: ${machine.engineLog().slice(-6000)}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  await site.tagImage();
  // As an init does: whatever it ends with, it is started again.
  await machine.start(
    `sh -c 'while :; do ${agent} 2>>/run/agent.log & echo $! >/run/agent.pid; wait $!; sleep 1; done'`,
  );
  const stack = made.move();
  return site;
}
