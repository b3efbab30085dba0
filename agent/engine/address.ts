import type { Target } from '../http.ts';

/** Where a Docker engine listens: makes the target of each call. */
export type EngineAddress = (path: string) => Target;

const howTo = 'Set DOCKER_HOST to unix:///path/of/docker.sock or tcp://host:port.';

/** Reads `DOCKER_HOST`; without it the engine's usual socket. */
export function engineAddress(dockerHost: string | undefined): EngineAddress {
  const given = dockerHost || 'unix:///var/run/docker.sock';
  if (given.startsWith('unix://')) {
    const socket = given.slice('unix://'.length);
    return (path) => ({ socket, path });
  }
  const [, host] = /^(?:tcp|http):\/\/([^/]+)\/?$/.exec(given) ?? [];
  if (host === undefined) throw new Error(`DOCKER_HOST is "${given}", which names no engine. ${howTo}`);
  return (path) => ({ url: new URL(path, `http://${host}`) });
}
