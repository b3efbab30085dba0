import type { Target } from '../http.ts';

/** Where a Docker engine listens: makes the target of each call. */
export type EngineAddress = (path: string) => Target;

const howTo = 'Set DOCKER_HOST to unix:///path/of/docker.sock or tcp://host:port.';

/** The engine's socket, if `DOCKER_HOST` names one; without it the usual one. */
export const engineSocket = (dockerHost: string | undefined): string | undefined =>
  /^unix:\/\/(.*)$/.exec(dockerHost || 'unix:///var/run/docker.sock')?.[1];

/** Reads `DOCKER_HOST`; without it the engine's usual socket. */
export function engineAddress(dockerHost: string | undefined): EngineAddress {
  const socket = engineSocket(dockerHost);
  if (socket !== undefined) return (path) => ({ socket, path });
  const [, host] = /^(?:tcp|http):\/\/([^/]+)\/?$/.exec(dockerHost ?? '') ?? [];
  if (host === undefined) throw new Error(`DOCKER_HOST is "${dockerHost}", which names no engine. ${howTo}`);
  return (path) => ({ url: new URL(path, `http://${host}`) });
}
