import { parseArgs } from 'node:util';
import { startAgent } from './agent.ts';
import { doorPath, EnrollOrder } from './door.ts';
import { engineAddress } from './engine/address.ts';
import { createEngine } from './engine/engine.ts';
import { enrollNode } from './enroll.ts';
import { readSettings, type Settings } from './environment.ts';
import { factsWithoutEngine, readBootId, readFacts } from './facts.ts';
import { fetchText } from './http.ts';
import { takeLock } from './lock.ts';
import { logToStderr } from './log.ts';
import { clearNode } from './node/tidy.ts';
import { openState } from './state.ts';
import { endedWell, startProbation } from './update/probation.ts';
import { become, replaceProgram } from './update/replace.ts';
import type { Candidate } from './update/updates.ts';
import { agentVersion } from './version.ts';

const help = `Runner Pilot agent ${agentVersion}: makes the containers that the control plane asks for.

  agent                          run
  agent enroll --code CODE       become a node (--url URL, else RUNNER_PILOT_URL; --bell register or none)
  agent status                   what the running agent does
  agent clear                    remove every container of this machine's nodes; only while no agent runs
  agent trial                    look at everything and sync once, and leave all as it is; only while no agent runs
  agent --help, --version

Environment: RUNNER_PILOT_URL, RUNNER_PILOT_AGENT_STATE (/var/lib/runner-pilot), RUNNER_PILOT_AGENT_RUN
(/run/runner-pilot), DOCKER_HOST, RUNNER_PILOT_NETWORK_RANGE (10.213.0.0/16), RUNNER_PILOT_LOG_BYTES_PER_SECOND
(1000000), RUNNER_PILOT_IMAGES_AHEAD (on; off: pull no image before it is needed), RUNNER_PILOT_IMAGES_FREE_PERCENT
(10; below it images go that only the agent has pulled; 0: never), RUNNER_PILOT_DIND_IMAGE (docker:dind),
RUNNER_PILOT_AGENT_UPDATE (off; on: be what the control plane serves), RUNNER_PILOT_MANAGED_INSTANCE_ID,
RUNNER_PILOT_AGENT_PARENT_PIPE (1: end with standard input).
Exit codes: 0 done, 1 failed, 2 misused, 3 another agent runs.
`;

const say = (what: string): number => {
  process.stdout.write(`${what}\n`);
  return 0;
};
const failed = { misused: 2, another: 3 } as const;

/** Runs what the command line says; the number is the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        url: { type: 'string' },
        code: { type: 'string' },
        bell: { type: 'string' },
      },
    });
    const [command = 'run', ...more] = positionals;
    if (values.help) return say(help.trimEnd());
    if (values.version) return say(agentVersion);
    if (more.length > 0 || !['run', 'enroll', 'status', 'clear', 'trial'].includes(command)) {
      logToStderr(`There is no command "${positionals.join(' ')}". See --help.`);
      return failed.misused;
    }
    const settings = readSettings(process.env);
    if (command === 'status') return await status(settings);
    if (command === 'enroll') return await enroll(settings, values);
    if (command === 'clear') return await clear(settings);
    if (command === 'trial') return await trial(settings);
    return await run(settings);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    logToStderr(`${error instanceof Error ? error.message : error}${cause}`);
    return error instanceof TypeError ? failed.misused : 1;
  }
}

async function run(settings: Settings): Promise<number> {
  const lock = takeLock(settings.stateFolder);
  if (lock === undefined) {
    logToStderr(`Another agent runs with ${settings.stateFolder}. There is one per machine.`);
    return failed.another;
  }
  const restored = startProbation(settings, logToStderr);
  if (restored !== undefined) {
    lock.release();
    become(restored);
  }
  const ended = new AbortController();
  const { promise: over, resolve } = Promise.withResolvers<Candidate | undefined>();
  const end = () => {
    ended.abort();
    resolve(undefined);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  if (settings.endsWithParent) process.stdin.resume().once('end', end).once('error', end).once('close', end);
  const agent = await startAgent(settings, logToStderr, { onUpdate: resolve });
  const candidate = await over;
  await agent.close();
  endedWell(settings);
  lock.release();
  if (candidate !== undefined) await replaceProgram(candidate, settings, ended.signal, logToStderr);
  // What still hangs on a socket must not keep the process.
  process.exit(0);
}

/** What an agent does of the next version of itself: it works if it syncs once. Ends with whoever tries it. */
async function trial(settings: Settings): Promise<number> {
  const lock = takeLock(settings.stateFolder);
  if (lock === undefined) return failed.another;
  process.stdin.resume().once('end', () => process.exit(1));
  const agent = await startAgent(settings, logToStderr, { isTrial: true });
  await agent.synced;
  await agent.close();
  lock.release();
  process.exit(0);
}

async function enroll(settings: Settings, values: Readonly<Record<string, unknown>>): Promise<number> {
  const order = EnrollOrder.safeParse({
    url: values.url ?? settings.url,
    code: values.code,
    ...(values.bell === undefined ? {} : { bell: values.bell }),
  });
  if (!order.success) {
    logToStderr('Say --code CODE, --url URL (or RUNNER_PILOT_URL), and --bell register or none.');
    return failed.misused;
  }
  const lock = takeLock(settings.stateFolder);
  if (lock === undefined) return await knock(settings, 'POST', '/enroll', order.data);

  const engine = createEngine(engineAddress(settings.dockerHost));
  const facts = await engine.info().then((info) => readFacts(engine, info), factsWithoutEngine);
  const enrollment = await enrollNode({ ...order.data, bootId: readBootId(), facts });
  if (!enrollment.ok) {
    logToStderr(`Not enrolled: ${enrollment.refusal.detail}`);
    return 1;
  }
  openState(settings.stateFolder).putNode(enrollment.record);
  const { node, activation, agent } = enrollment.enrolled;
  say(JSON.stringify({ node, activation, agent }));
  return 0;
}

/** Before the agent is uninstalled: nothing would remove its containers later. */
async function clear(settings: Settings): Promise<number> {
  const lock = takeLock(settings.stateFolder);
  if (lock === undefined) {
    logToStderr('An agent runs. End it first.');
    return failed.another;
  }
  const engine = createEngine(engineAddress(settings.dockerHost));
  for (const { uid } of openState(settings.stateFolder).nodes()) await clearNode(engine, uid);
  return 0;
}

const status = (settings: Settings) => knock(settings, 'GET', '/status');

/** Asks the agent that runs. */
async function knock(settings: Settings, method: 'GET' | 'POST', path: string, body?: unknown): Promise<number> {
  const socket = doorPath(settings.runFolder);
  const answer = await fetchText({
    target: { socket, path },
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error) => {
    throw new Error(`No agent answers at ${socket}. Is it running?`, { cause: error });
  });
  (answer.status < 300 ? process.stdout : process.stderr).write(answer.text);
  return answer.status < 300 ? 0 : 1;
}
