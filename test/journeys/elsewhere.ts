import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgent } from '#agent/build.ts';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages } from '#local/demo/images.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { type MachineOptions, makeMachine, type SecondMachine } from '../machine.ts';
import { anotherBuild } from './builds.ts';
import { until } from './http.ts';
import { freePort } from './local-mode.ts';
import { ask, signUp } from './tenant.ts';

/** A machine elsewhere that has been booted and knows the demo's images, and a control plane for it on this one. */
export type Elsewhere = Awaited<ReturnType<typeof startElsewhere>>;

/** What a control plane for a machine elsewhere is made of. */
export interface Near {
  readonly dataDir: string;
  readonly machine: SecondMachine;
  readonly port: number;
  readonly github: Github;
  /** With the agent that it serves. */
  readonly agentFolder: string;
}

/** Starts a control plane on this machine that another one reaches, by plain http. */
export const startNear = ({ dataDir, machine, port, github, agentFolder }: Near): Promise<Cloud> =>
  startCloud({
    dataDir,
    host: machine.hostAddress,
    port,
    agent: false,
    env: {
      RUNNER_PILOT_PUBLIC_URL: `http://${machine.hostAddress}:${port}`,
      RUNNER_PILOT_ALLOW_HTTP: '1',
      RUNNER_PILOT_AGENT_FOLDER: agentFolder,
      RUNNER_PILOT_POLL_SECONDS: '1',
      ...github.settings,
    },
  });

/** What an installer without a systemd says has to run. */
export const startScriptIn = (said: string): string =>
  / again when it ends: (.+)$/.exec(said)?.[1] ?? `nothing, but "${said}"`;

/** Starts both; everything ends with it. */
export async function startElsewhere(
  makeImages: (socket: string) => Promise<unknown> = makeDemoImages,
  options?: MachineOptions,
) {
  const folder = await mkdtemp(join(tmpdir(), 'rp-elsewhere-'));
  const machine = await makeMachine(options);
  const [{ path }] = await Promise.all([buildAgent(join(folder, 'agent-files')), machine.boot()]);
  await makeImages(machine.socket());
  const github = await startGithub({ host: machine.hostAddress });
  const near = { dataDir: join(folder, 'data'), machine, port: await freePort(), github };
  const agentFolder = join(path, '..');
  let cloud = await startNear({ ...near, agentFolder });
  const { api } = await signUp(cloud.url);

  const connected = (node: string, connection: string, seconds = 40) =>
    until(
      `the node to be ${connection}`,
      async () => (await ask(api, 'GET', `/org/GT/nodes/${node}`)).connection === connection,
      seconds,
    );

  const dispose = async (): Promise<void> => {
    await cloud.close();
    await github.close();
    await machine[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };

  return {
    machine,
    github,
    get cloud() {
      return cloud;
    },
    api,
    connected,

    /** Deploys the control plane anew, with an agent of another version; the answer is that one's SHA-256. */
    async deploy(version: string): Promise<string> {
      const another = join(folder, version);
      const sha256 = await anotherBuild(agentFolder, another, version);
      await cloud.close();
      cloud = await startNear({ ...near, agentFolder: another });
      return sha256;
    },

    /** Makes it a node by the line that the API prints; the answer is its uid, the line, and what it said has to run. */
    async attach(name: string, to: SecondMachine = machine) {
      const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name, type: 'Remote' });
      const said = await to.run(enrollment.command);
      const startScript = startScriptIn(said);
      if (!to.isRunBySystemd) await to.start(startScript);
      await connected(node, 'online');
      return { node, command: enrollment.command as string, said, startScript };
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

    /** Ends both, having looked that nothing has happened that never may. */
    async end(): Promise<void> {
      try {
        await expectNothingWrong(cloud, { engines: [machine.socket()] });
      } finally {
        await dispose();
      }
    },

    [Symbol.asyncDispose]: dispose,
  };
}
