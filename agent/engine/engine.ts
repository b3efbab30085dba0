import * as z from 'zod';
import type { RegistryLogin } from '#domain/registry.ts';
import type { EngineAddress } from './address.ts';
import { createCalls, messageOf } from './calls.ts';
import { engineFailure } from './failure.ts';
import { linesOf } from './lines.ts';
import { openRaw } from './raw.ts';
import { registryAuth } from './registry-auth.ts';
import {
  Container,
  Created,
  Event,
  Exec,
  Image,
  Info,
  ListedContainer,
  ListedImage,
  Network,
  Progress,
  Stats,
  Volume,
  Volumes,
} from './replies.ts';

type Filters = Readonly<Record<string, readonly string[]>>;

/** A Docker engine: the calls that we need of its HTTP API. What it refuses is thrown as an `EngineFailure`. */
export function createEngine(address: EngineAddress) {
  const { version, forget, prepare, call, read, find, stream } = createCalls(address);
  const id = encodeURIComponent;
  const filters = (given: Filters) => ({ filters: JSON.stringify(given) });

  return {
    version,
    forget,

    /** Resolves if the engine answers within a few seconds. */
    async ping(): Promise<void> {
      await call('GET', '/_ping', {}, undefined, { timeoutSeconds: 4 });
    },

    info: (): Promise<Info> => read(Info, '/info'),

    /** A container, by name or id. */
    findContainer: (name: string): Promise<Container | undefined> => find(Container, `/containers/${id(name)}/json`),

    /** All containers that have these labels, `name` or `name=value`, whether they run or not. */
    listContainers: (labels: readonly string[]): Promise<ListedContainer[]> =>
      read(z.array(ListedContainer), '/containers/json', { all: true, ...filters({ label: labels }) }),

    /** Makes a container, and answers its id. */
    async createContainer(name: string, spec: unknown): Promise<string> {
      const { text } = await call('POST', '/containers/create', { name }, spec, { timeoutSeconds: 120 });
      return Created.parse(JSON.parse(text)).Id;
    },

    /** Starts a container: by its id, for a name may have come to mean another. */
    async startContainer(containerId: string): Promise<void> {
      await call('POST', `/containers/${id(containerId)}/start`, {}, undefined, { timeoutSeconds: 120, fine: [304] });
    },

    /** Asks a container to stop, and kills it after the grace. */
    async stopContainer(containerId: string, graceSeconds: number): Promise<void> {
      const options = { timeoutSeconds: graceSeconds + 60, fine: [304, 404] };
      await call('POST', `/containers/${id(containerId)}/stop`, { t: graceSeconds }, undefined, options);
    },

    /** Removes a container and its volumes; one that runs only by `force`. */
    async removeContainer(containerId: string, force: boolean): Promise<void> {
      const options = { timeoutSeconds: 120, fine: [404] };
      await call('DELETE', `/containers/${id(containerId)}`, { v: true, force }, undefined, options);
    },

    /** Is there a file at this path of a container? It need not run. */
    async hasFile(containerId: string, path: string): Promise<boolean> {
      const answer = await call('HEAD', `/containers/${id(containerId)}/archive`, { path }, undefined, { fine: [404] });
      if (answer.status === 200) return true;
      // A 404 without a body: the file isn't there, or the container isn't.
      await read(Container, `/containers/${id(containerId)}/json`);
      return false;
    },

    /** Unpacks an archive into a folder of a container. It need not run. */
    async putArchive(containerId: string, path: string, archive: Buffer): Promise<void> {
      await call('PUT', `/containers/${id(containerId)}/archive`, { path }, archive);
    },

    /** Runs a command in a container that runs, and answers its exit code. */
    async execute(containerId: string, command: readonly string[]): Promise<number> {
      const spec = { Cmd: command, AttachStdout: true };
      const made = await call('POST', `/containers/${id(containerId)}/exec`, {}, spec);
      const path = `/exec/${Created.parse(JSON.parse(made.text)).Id}`;
      // The answer ends with the command.
      await call('POST', `${path}/start`, {}, { Detach: false });
      return (await read(Exec, `${path}/json`)).ExitCode ?? -1;
    },

    /** A container's output: frames of stdout and stderr, each line after the engine's timestamp. */
    async logs(
      containerId: string,
      since: string,
      follow: boolean,
      signal?: AbortSignal,
    ): Promise<AsyncIterable<Buffer>> {
      const query = { stdout: true, stderr: true, timestamps: true, since, follow };
      const path = `/containers/${id(containerId)}/logs`;
      const { target } = await prepare('GET', path, query, undefined, {});
      const { status, chunked, body, close } = await openRaw(target, signal);
      if (chunked) {
        // Some proxy is in between.
        close();
        return stream('GET', path, query, { signal, timeoutSeconds: 0 });
      }
      if (status === 200) return body;
      let text = '';
      for await (const chunk of body) text += chunk;
      throw engineFailure(status, messageOf(status, text));
    },

    /** What a container uses now; without the engine's second sample a second later. */
    stats: (containerId: string): Promise<Stats> =>
      read(Stats, `/containers/${id(containerId)}/stats`, { stream: false, 'one-shot': true }),

    findImage: (image: string): Promise<Image | undefined> => find(Image, `/images/${image}/json`),

    /** All images, those included that are only part of another. */
    listImages: (): Promise<ListedImage[]> => read(z.array(ListedImage), '/images/json', { all: true }),

    /** Pulls an image; a failure is what the registry said. */
    async pullImage(
      name: string,
      tag: string,
      { login, signal }: { readonly login: RegistryLogin | undefined; readonly signal: AbortSignal },
      onProgress: (progress: Progress) => void,
    ): Promise<void> {
      const query = { fromImage: name, tag };
      const headers = login === undefined ? {} : registryAuth(login);
      const response = await stream('POST', '/images/create', query, { headers, signal, timeoutSeconds: 300 });
      for await (const line of linesOf(response)) {
        const progress = Progress.parse(JSON.parse(line));
        // The status is 200 even if the pull fails later: the stream of progress then has an error.
        if (progress.error !== undefined) throw engineFailure(200, progress.error);
        onProgress(progress);
      }
    },

    /** Removes an image, by name or id, unless something needs it; false: something does. */
    async removeImage(image: string): Promise<boolean> {
      const { status } = await call('DELETE', `/images/${image}`, {}, undefined, {
        timeoutSeconds: 300,
        fine: [404, 409],
      });
      return status !== 409;
    },

    listNetworks: (): Promise<Network[]> => read(z.array(Network), '/networks'),

    /** Makes a bridge network with one subnet. */
    async createNetwork(name: string, subnet: string, labels: Readonly<Record<string, string>>): Promise<void> {
      const spec = {
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        IPAM: { Config: [{ Subnet: subnet }] },
        Labels: labels,
      };
      await call('POST', '/networks/create', {}, spec, { timeoutSeconds: 60 });
    },

    /** Has a container that doesn't run join the network that has this name now, be it another than it was in. */
    async rejoinNetwork(name: string, containerId: string): Promise<void> {
      const of = `/networks/${id(name)}`;
      await call('POST', `${of}/disconnect`, {}, { Container: containerId, Force: true }, { timeoutSeconds: 60 });
      await call('POST', `${of}/connect`, {}, { Container: containerId }, { timeoutSeconds: 60 });
    },

    /** Removes a network, and takes from it what is still in it: a container of somebody's, or what a killed engine left. */
    async removeNetwork(name: string): Promise<void> {
      const path = `/networks/${id(name)}`;
      const remove = (...fine: number[]) => call('DELETE', path, {}, undefined, { timeoutSeconds: 60, fine });
      if ((await remove(403, 404)).status !== 403) return;
      const { Containers } = await read(Network, path);
      for (const { Name } of Object.values(Containers ?? {})) {
        const leaves = { Container: Name, Force: true };
        await call('POST', `${path}/disconnect`, {}, leaves, { timeoutSeconds: 60, fine: [404] });
      }
      await remove(404);
    },

    /** Makes a volume unless it is there, and answers its folder on the engine's machine. */
    async createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
      const { text } = await call('POST', '/volumes/create', {}, { Name: name, Labels: labels });
      return Volume.parse(JSON.parse(text)).Mountpoint;
    },

    listVolumes: async (labels: readonly string[]): Promise<readonly Volume[]> =>
      (await read(Volumes, '/volumes', filters({ label: labels }))).Volumes ?? [],

    async removeVolume(name: string): Promise<void> {
      await call('DELETE', `/volumes/${id(name)}`, {}, undefined, { timeoutSeconds: 120, fine: [404] });
    },

    /** What happens to containers with this label from now on, until the engine ends it. */
    async events(label: string, signal: AbortSignal, onEvent: (event: Event) => void): Promise<void> {
      const query = filters({ type: ['container'], label: [label] });
      for await (const line of linesOf(await stream('GET', '/events', query, { signal, timeoutSeconds: 0 }))) {
        const event = Event.safeParse(JSON.parse(line));
        if (event.success) onEvent(event.data);
      }
    },
  };
}

/** A Docker engine. */
export type Engine = ReturnType<typeof createEngine>;
