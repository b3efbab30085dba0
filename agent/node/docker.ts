import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import type { Granted } from '../control/client.ts';
import { openFolder } from '../engine/archive.ts';
import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Container } from '../engine/replies.ts';
import { createOutput } from '../telemetry/output.ts';
import { type DockerOrder, daemonName, daemonSpec, type GivenDocker, hasDaemon } from './daemon.ts';
import { label, ownerLabels } from './labels.ts';

/** Why there is none. */
export interface NoDocker {
  readonly code: 'docker_unavailable' | 'docker_not_allowed';
  readonly detail: string;
  readonly retryable: boolean;
}

/** A claim is good for 90 s. */
const answersWithinMs = 45_000;
const looksMs = 250;

const none = (detail: string, retryable: boolean): NoDocker => ({ code: 'docker_unavailable', detail, retryable });

/**
 * Gives jobs Docker. All of it is made before the runner's container, each thing only if it isn't there: whoever dies in
 * between is followed by one who goes on, and what nobody wants any more is found by its labels.
 */
export function createDocker(
  engine: Engine,
  { image, socket }: { readonly image: string; readonly socket: string | undefined },
) {
  /** Resolves when the daemon answers; else with why it doesn't. */
  const awaitDaemon = async (id: string, signal: AbortSignal): Promise<string | undefined> => {
    const until = Date.now() + answersWithinMs;
    for (;;) {
      const code = await engine
        .execute(id, ['docker', '-H', 'unix:///var/run/docker.sock', 'version'])
        .catch((error) => {
          // It doesn't run any more, which is seen below.
          if (isEngineFailure(error)) return undefined;
          throw error;
        });
      if (code === 0) return undefined;
      const now = await engine.findContainer(id);
      if (!now?.State.Running) return `It ended with code ${now?.State.ExitCode ?? 'unknown'}.`;
      if (Date.now() > until) return `It did not answer within ${answersWithinMs / 1000} s.`;
      await sleep(looksMs, undefined, { signal });
    }
  };

  const lastWords = async (id: string): Promise<string> => {
    let last = '';
    const feed = createOutput(undefined, ({ text }) => {
      last = text.trim() || last;
    });
    for await (const chunk of await engine.logs(id, '0', false)) feed(chunk);
    return last && ` It said: ${last.slice(0, 512)}`;
  };

  const ensureDaemon = async (order: DockerOrder, given: Omit<GivenDocker, 'daemon'>): Promise<string | NoDocker> => {
    const found = await engine.findContainer(daemonName(order.uid));
    if (found?.State.Running) return found.Id;
    try {
      const id = found?.Id ?? (await engine.createContainer(daemonName(order.uid), daemonSpec(image, order, given)));
      await engine.startContainer(id);
      return id;
    } catch (error) {
      // 409: a call of a former agent has landed meanwhile. The next attempt finds what it has made.
      if (isEngineFailure(error)) return none(`The engine does not start ${image}: ${error.message}`, true);
      throw error;
    }
  };

  const remove = async (uid: string): Promise<void> => {
    await engine.removeContainer(daemonName(uid), true);
    await engine.removeVolume(containerName(uid));
  };

  const giveDaemon = async (
    order: DockerOrder,
    volume: string,
    mountpoint: string,
    signal: AbortSignal,
  ): Promise<GivenDocker | NoDocker> => {
    const given = {
      consent: 'dind',
      volume,
      folder: '/runner-pilot/shared',
      socket: `${mountpoint}/docker.sock`,
      group: 2375,
    } as const;
    const daemon = await ensureDaemon(order, given);
    const trouble = typeof daemon === 'string' ? await awaitDaemon(daemon, signal) : daemon.detail;
    if (typeof daemon === 'string' && trouble === undefined) return { ...given, daemon };
    const said = typeof daemon === 'string' ? await lastWords(daemon) : '';
    // What is shared stays until the instance is removed: a container may have been made with it.
    await engine.removeContainer(daemonName(order.uid), true);
    return none(`The Docker daemon of the instance does not work. ${trouble}${said}`, true);
  };

  return {
    /** The image of the daemons. */
    image,

    /** What a start has been granted, if anything: and only if that is what was told. */
    async give(
      { uid, generation, limits, docker: consent }: Desired,
      granted: Granted,
      by: Pick<DockerOrder, 'owner' | 'bootId'>,
      signal: AbortSignal,
    ): Promise<GivenDocker | NoDocker | undefined> {
      if (granted.docker !== consent) {
        const detail = `It was to have Docker by "${consent ?? 'none'}", and is granted "${granted.docker ?? 'none'}".`;
        return { code: 'docker_not_allowed', detail, retryable: false };
      }
      if (consent === undefined) return undefined;
      const order = { uid, generation, limits, environment: granted.environment ?? {}, ...by };
      const group = consent === 'socket' ? groupOf(socket) : undefined;
      if (consent === 'socket' && (socket === undefined || group === undefined)) {
        return none(
          'The agent does not reach its Docker engine by a socket of this machine, so jobs can’t either.',
          false,
        );
      }
      const volume = containerName(order.uid);
      const mountpoint = await engine.createVolume(volume, {
        ...ownerLabels(order.owner),
        [label.instance]: order.uid,
      });
      if (socket === undefined || group === undefined) return giveDaemon(order, volume, mountpoint, signal);
      return { consent, volume, folder: mountpoint, socket, group, daemon: undefined };
    },

    /** Lets whoever the image runs as make the runner's folder: volumes are root's. */
    open: (containerId: string, { folder }: GivenDocker): Promise<void> =>
      engine.putArchive(containerId, folder, openFolder('runner')),

    /** Has a container whose jobs have a daemon lost it? */
    async isLost(container: Container, uid: string): Promise<boolean> {
      if (!hasDaemon(container)) return false;
      return !(await engine.findContainer(daemonName(uid)))?.State.Running;
    },

    /** Removes the daemon with all that it has made, and what was shared. */
    remove,
  };
}

/** Gives jobs Docker. */
export type Docker = ReturnType<typeof createDocker>;

const groupOf = (socket: string | undefined): number | undefined =>
  socket === undefined ? undefined : statSync(socket, { throwIfNoEntry: false })?.gid;
