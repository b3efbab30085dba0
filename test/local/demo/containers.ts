import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { callEngine } from '#local/demo/engine.ts';

const socket = '/var/run/docker.sock';
const Created = z.object({ Id: z.string() });
const Inspected = z.object({ State: z.object({ Running: z.boolean(), ExitCode: z.int(), OOMKilled: z.boolean() }) });
const Top = z.object({ Processes: z.array(z.array(z.string())) });

/** A container under test. */
export interface Container {
  readonly id: string;
  logs(): Promise<string>;
  /** Waits until the logs have a line that contains the text. */
  says(text: string): Promise<void>;
  stop(seconds: number): Promise<void>;
  kill(): Promise<void>;
  ended(): Promise<{ exitCode: number; outOfMemory: boolean }>;
  /** The command lines of its processes. */
  processes(): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

const call = async (method: string, path: string, body?: unknown) => {
  const answer = await callEngine(socket, method, path, body);
  if (answer.status >= 400 && answer.status !== 404)
    throw new Error(`${method} ${path}: ${answer.body.toString('utf8')}`);
  return answer.body;
};

/** Polls until there is something. */
export async function eventually<T>(attempt: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const value = await attempt();
    if (value !== undefined) return value;
    await pause(25);
  }
  throw new Error(`${what} did not happen within 30 s.`);
}

/** The engine's log frames: a stream's number, three zeros, the length, and so many bytes. */
function frames(raw: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const length = raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Starts a container that is removed at the end of the scope. */
export async function startContainer(options: {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly memoryMb?: number;
}): Promise<Container> {
  const name = `demo-test-${randomBytes(6).toString('hex')}`;
  const created = await call('POST', `/containers/create?name=${name}`, {
    Image: options.image,
    Cmd: options.command,
    Env: Object.entries(options.environment ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(options.user !== undefined && { User: options.user }),
    HostConfig: options.memoryMb === undefined ? {} : { Memory: options.memoryMb * 1024 * 1024 },
  });
  const { Id: id } = Created.parse(JSON.parse(created.toString('utf8')));
  await call('POST', `/containers/${id}/start`);

  const container: Container = {
    id,
    logs: async () => frames(await call('GET', `/containers/${id}/logs?stdout=1&stderr=1`)),
    async says(text) {
      try {
        await eventually(async () => ((await container.logs()).includes(text) ? true : undefined), `"${text}"`);
      } catch (error) {
        throw new Error(`The container did not say "${text}":\n${await container.logs()}`, { cause: error });
      }
    },
    stop: async (seconds) => void (await call('POST', `/containers/${id}/stop?t=${seconds}`)),
    kill: async () => void (await call('POST', `/containers/${id}/kill`)),
    async ended() {
      return eventually(async () => {
        const { State } = Inspected.parse(JSON.parse((await call('GET', `/containers/${id}/json`)).toString('utf8')));
        return State.Running ? undefined : { exitCode: State.ExitCode, outOfMemory: State.OOMKilled };
      }, 'The end of the container');
    },
    async processes() {
      const top = Top.parse(
        JSON.parse((await call('GET', `/containers/${id}/top?ps_args=-eo%20pid,args`)).toString('utf8')),
      );
      return top.Processes.map((columns) => columns.join(' '));
    },
    [Symbol.asyncDispose]: async () => void (await call('DELETE', `/containers/${id}?force=true&v=true`)),
  };
  return container;
}
