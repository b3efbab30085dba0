import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import type { Container } from '../engine/replies.ts';
import type { GivenDocker } from './daemon.ts';
import { label, type Owner, ownerLabels } from './labels.ts';
import { limitsOf, logging } from './limits.ts';

/** What a container is made from, besides what is desired. */
export interface Making {
  readonly owner: Owner;
  readonly bootId: string;
  /** Whether its runner's registration outlives a job: then so does its container a reboot. */
  readonly persistent: boolean;
  /** The host's folder with this start's credential and parameters. */
  readonly inputFolder: string;
  /** The host's copy of the entry script. */
  readonly entryPath: string;
  /** GitHub's runner on this host, where it is to be mounted. */
  readonly runner: { readonly folder: string; readonly version: string; readonly caPath: string } | undefined;
  readonly docker: GivenDocker | undefined;
  /** Variables that the runner gives its containers. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the engine has an init to put before the runner. */
  readonly init: boolean;
}

/** Where things are in the container: the entry script knows these paths. */
export const inside = {
  entry: '/runner-pilot/entry.sh',
  input: '/runner-pilot/input',
  runner: '/runner-pilot/runner',
  ca: '/runner-pilot/ca.pem',
  dockerSocket: '/var/run/docker.sock',
} as const;

const bind = (Source: string, Target: string, ReadOnly: boolean) => ({ Type: 'bind', Source, Target, ReadOnly });

/**
 * The engine's description of an instance's container. Whatever a user typed is a JSON value here and a file's content
 * later, and never part of a command. `no-new-privileges` is left off: GitHub's own image uses sudo.
 */
export function containerSpec(desired: Desired, making: Making) {
  const { runner, docker } = making;
  return {
    Image: desired.image,
    // In its daemon's network it has that one's name.
    ...(docker?.daemon === undefined ? { Hostname: containerName(desired.uid) } : {}),
    Entrypoint: ['/bin/sh', inside.entry],
    Cmd: [],
    Env: Object.entries(making.environment).map(([name, value]) => `${name}=${value}`),
    Tty: false,
    OpenStdin: false,
    Labels: {
      ...ownerLabels(making.owner),
      [label.instance]: desired.uid,
      [label.generation]: `${desired.generation}`,
      [label.boot]: making.bootId,
      ...(making.persistent ? { [label.persistent]: 'true' } : {}),
      ...(runner === undefined ? {} : { [label.runner]: runner.version }),
      ...(docker === undefined ? {} : { [label.docker]: docker.consent }),
    },
    HostConfig: {
      // Its identity at GitHub is spent when it exits; what is started again after a reboot is claimed before.
      RestartPolicy: { Name: 'no' },
      Init: making.init,
      NetworkMode: docker?.daemon === undefined ? containerName(desired.uid) : `container:${docker.daemon}`,
      ...(docker === undefined ? {} : { GroupAdd: [`${docker.group}`] }),
      LogConfig: logging,
      ...limitsOf(desired.limits),
      Mounts: [
        bind(making.entryPath, inside.entry, true),
        bind(making.inputFolder, inside.input, false),
        ...(runner === undefined
          ? []
          : [bind(runner.folder, inside.runner, true), bind(runner.caPath, inside.ca, true)]),
        ...(docker === undefined
          ? []
          : [
              { Type: 'volume', Source: docker.volume, Target: docker.folder, ReadOnly: false },
              bind(docker.socket, inside.dockerSocket, false),
            ]),
      ],
    },
  };
}

/** Has it never been started? Only such a container may be started by us. */
export const isUnstarted = ({ State }: Container): boolean => State.Status === 'created' && isNever(State.StartedAt);

/** The engine's way to say never. */
export const isNever = (time: string): boolean => time.startsWith('0001-');

/** The generation that a container was made for; 0 if it doesn't say. */
export function generationOf(labels: Readonly<Record<string, string>> | null | undefined): number {
  const generation = Number(labels?.[label.generation]);
  return Number.isSafeInteger(generation) && generation > 0 ? generation : 0;
}
