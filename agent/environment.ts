import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** How the agent is set up, read once from its environment. */
export interface Settings {
  /** The control plane, for enrolling. */
  readonly url: string | undefined;
  /** What must survive a reboot: the state file, GitHub's runner. */
  readonly stateFolder: string;
  /** What must not: the door, the credentials of what is about to start. On tmpfs. */
  readonly runFolder: string;
  readonly dockerHost: string | undefined;
  /** The managed instance that SSM rings for this machine. */
  readonly bell: string | undefined;
  /** From which every container's network is taken, a /28 each. */
  readonly networkRange: string;
  /** The image of the Docker daemons that instances of a runner with `docker: dind` have. */
  readonly dindImage: string;
  /** How much output of an instance is shipped, in bytes a second; more is dropped, and said. */
  readonly logBytesPerSecond: number;
  /** Below how much free space, in percent, images are removed that only the agent has pulled; 0: never. */
  readonly freePercent: number;
  /** Whether images are pulled before they are needed. */
  readonly pullsAhead: boolean;
  /** Whether the agent replaces itself by what its control plane serves: where it was installed, and not told otherwise. */
  readonly updates: boolean;
  /** Whether the agent ends when its standard input does. */
  readonly endsWithParent: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

function defaultRunFolder(env: Environment): string {
  const usual = '/run/runner-pilot';
  if (process.getuid?.() === 0) return usual;
  try {
    accessSync(usual, constants.W_OK);
    return usual;
  } catch {
    if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, 'runner-pilot');
    throw new Error(`${usual} can't be written. Set RUNNER_PILOT_AGENT_RUN to a folder on tmpfs that is yours alone.`);
  }
}

function positive(env: Environment, name: string, otherwise: number): number {
  const value = env[name];
  if (!value) return otherwise;
  if (!/^[1-9]\d{0,11}$/.test(value)) throw new Error(`${name} is "${value}"; it must be a whole number above 0.`);
  return Number(value);
}

function percent(env: Environment, name: string, otherwise: number): number {
  const value = env[name];
  if (!value) return otherwise;
  if (!/^\d{1,2}$/.test(value)) throw new Error(`${name} is "${value}"; it must be a whole number from 0 to 99.`);
  return Number(value);
}

function isOn(env: Environment, name: string, otherwise: 'on' | 'off'): boolean {
  const value = env[name] || otherwise;
  if (value !== 'on' && value !== 'off') throw new Error(`${name} is "${value}"; it must be on or off.`);
  return value === 'on';
}

/** Reads the settings; an error says which variable is wrong, and what would be right. */
export function readSettings(env: Environment): Settings {
  return {
    url: env.RUNNER_PILOT_URL || undefined,
    stateFolder: env.RUNNER_PILOT_AGENT_STATE || '/var/lib/runner-pilot',
    runFolder: env.RUNNER_PILOT_AGENT_RUN || defaultRunFolder(env),
    dockerHost: env.DOCKER_HOST || undefined,
    bell: env.RUNNER_PILOT_MANAGED_INSTANCE_ID || undefined,
    networkRange: env.RUNNER_PILOT_NETWORK_RANGE || '10.213.0.0/16',
    dindImage: env.RUNNER_PILOT_DIND_IMAGE || 'docker:dind',
    logBytesPerSecond: positive(env, 'RUNNER_PILOT_LOG_BYTES_PER_SECOND', 1_000_000),
    freePercent: percent(env, 'RUNNER_PILOT_IMAGES_FREE_PERCENT', 10),
    pullsAhead: isOn(env, 'RUNNER_PILOT_IMAGES_AHEAD', 'on'),
    updates: isOn(env, 'RUNNER_PILOT_AGENT_UPDATE', 'off'),
    endsWithParent: env.RUNNER_PILOT_AGENT_PARENT_PIPE === '1',
  };
}
