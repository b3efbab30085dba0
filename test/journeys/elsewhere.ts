import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgent } from '#agent/build.ts';
import { callEngine } from '#local/demo/engine.ts';
import { startGithub } from '#local/demo/github.ts';
import { makeDemoImages } from '#local/demo/images.ts';
import { startCloud } from '#test/cloud.ts';
import { makeMachine, type SecondMachine } from '../machine.ts';
import { until } from './http.ts';
import { freePort } from './local-mode.ts';
import { ask, signUp } from './tenant.ts';

/** A machine elsewhere that has been booted and knows the demo's images, and a control plane for it on this one. */
export type Elsewhere = Awaited<ReturnType<typeof startElsewhere>>;

/** Starts both; everything ends with it. */
export async function startElsewhere() {
  const folder = await mkdtemp(join(tmpdir(), 'rp-elsewhere-'));
  const machine = await makeMachine();
  const [{ path }] = await Promise.all([buildAgent(join(folder, 'agent-files')), machine.boot()]);
  await makeDemoImages(machine.socket());
  const github = await startGithub({ host: machine.hostAddress });
  const port = await freePort();
  const cloud = await startCloud({
    dataDir: join(folder, 'data'),
    host: machine.hostAddress,
    port,
    agent: false,
    env: {
      RUNNER_PILOT_PUBLIC_URL: `http://${machine.hostAddress}:${port}`,
      RUNNER_PILOT_ALLOW_HTTP: '1',
      RUNNER_PILOT_AGENT_FOLDER: join(path, '..'),
      RUNNER_PILOT_POLL_SECONDS: '1',
      ...github.settings,
    },
  });
  const { api } = await signUp(cloud.url);

  const connected = (node: string, connection: string, seconds = 40) =>
    until(
      `the node to be ${connection}`,
      async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).connection === connection,
      seconds,
    );

  return {
    machine,
    github,
    cloud,
    api,
    connected,

    /** Makes it a node by the line that the API prints; the answer is its uid, and what it said has to run. */
    async attach(name: string, to: SecondMachine = machine): Promise<{ node: string; startScript: string }> {
      const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name, type: 'Remote' });
      const said = await to.run(enrollment.command);
      const startScript = / again when it ends: (.+)$/.exec(said)?.[1] ?? `nothing, but "${said}"`;
      await to.start(startScript);
      await connected(node, 'online');
      return { node, startScript };
    },

    /** Makes a runner; the answer is the path of its instances. */
    async makeRunner(draft: Readonly<Record<string, unknown>>): Promise<string> {
      return `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', draft)).uid}/instance`;
    },

    /** What is shown of an instance, once it is that. */
    isShown: (instance: string, status: string, seconds = 30) =>
      until(
        `${instance} to be ${status}`,
        async () => {
          const body = await ask(api, 'GET', instance);
          return body.status === status && body;
        },
        seconds,
      ),

    /** The containers of a machine, by name, id and state. */
    async containers(of: SecondMachine = machine): Promise<{ name: string; id: string; state: string }[]> {
      const { body } = await callEngine(of.socket(), 'GET', '/containers/json?all=true');
      return JSON.parse(body.toString('utf8')).map(
        ({ Names, Id, State }: { Names: string[]; Id: string; State: string }) => ({
          name: Names[0]?.slice(1) ?? '',
          id: Id,
          state: State,
        }),
      );
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await cloud.close();
      await github.close();
      await machine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
