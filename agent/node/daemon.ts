import type { DockerConsent } from '#domain/docker.ts';
import { containerName } from '#domain/instance.ts';
import type { Limits } from '#domain/runner.ts';
import type { Container } from '../engine/replies.ts';
import { label, type Owner, ownerLabels } from './labels.ts';
import { limitsOf, logging } from './limits.ts';

/** What an instance's jobs have of Docker. */
export interface GivenDocker {
  readonly consent: DockerConsent;
  /**
   * A volume, and the path at which both the runner and Docker see it. The runner lies in it, with its work: what a job
   * mounts from there into a container is found by whoever makes the container.
   */
  readonly volume: string;
  readonly folder: string;
  /** The socket's path on the host, and the group that may use it. */
  readonly socket: string;
  readonly group: number;
  /** The daemon's container, in whose network the runner is: what a job publishes is at its localhost. */
  readonly daemon: string | undefined;
}

/** Whose a daemon is, and what it may use. */
export interface DockerOrder {
  readonly uid: string;
  readonly generation: number;
  readonly owner: Owner;
  readonly bootId: string;
  readonly limits: Limits;
  readonly environment: Readonly<Record<string, string>>;
}

/** Has an instance a daemon of its own beside its runner's container? */
export const hasDaemon = ({ Config }: Container): boolean => Config.Labels?.[label.docker] === 'dind';

/** The container of an instance's own Docker daemon. */
export const daemonName = (uid: string): string => `${containerName(uid)}-docker`;

/**
 * The engine's description of it. It is privileged: whoever may use it is root of the machine, which is why an owner has
 * to allow it. What it starts is in control groups below its own, so its limits are theirs.
 */
export function daemonSpec(image: string, order: DockerOrder, given: Omit<GivenDocker, 'daemon'>) {
  const { uid, owner } = order;
  const labels = { ...ownerLabels(owner), [label.instance]: uid };
  return {
    Image: image,
    // The runner has its network, and so its name.
    Hostname: containerName(uid),
    // As arguments of the image's entry point: docker:dind prepares the machine for what begins with `dockerd`.
    Cmd: [
      'dockerd',
      '--host=unix:///var/run/docker.sock',
      `--host=unix://${given.folder}/docker.sock`,
      `--group=${given.group}`,
    ],
    // A proxy that jobs are told of is the daemon's, too.
    Env: Object.entries(order.environment).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...labels,
      [label.generation]: `${order.generation}`,
      [label.boot]: order.bootId,
      [label.role]: 'docker',
    },
    HostConfig: {
      Privileged: true,
      RestartPolicy: { Name: 'no' },
      NetworkMode: containerName(uid),
      LogConfig: logging,
      ...limitsOf(order.limits),
      Mounts: [
        { Type: 'volume', Source: given.volume, Target: given.folder, VolumeOptions: { Labels: labels } },
        // One that is started again finds nothing of what ran before.
        { Type: 'tmpfs', Target: '/var/run' },
        // Without a name: it goes with the container. Layers on layers would be slow, or not work at all.
        { Type: 'volume', Target: '/var/lib/docker' },
      ],
    },
  };
}
