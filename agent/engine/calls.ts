import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { type Call, fetchText, open } from '../http.ts';
import type { EngineAddress } from './address.ts';
import { engineFailure, isEngineFailure } from './failure.ts';
import { Message, Version } from './replies.ts';

/** The newest version of the API that we were written against; an older engine is spoken to in its own. */
const newestApi = '1.51';
/** One-shot figures came with this version. */
const oldestApi = '1.41';

const order = (version: string) => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** What the engine says went wrong. */
export function messageOf(status: number, text: string): string {
  try {
    return Message.parse(JSON.parse(text)).message.trim();
  } catch {
    return text.trim().slice(0, 512) || `The engine answered ${status}.`;
  }
}

/** What a call may have besides what it says. */
type Options = Pick<Call, 'signal' | 'timeoutSeconds' | 'headers'>;

/** A buffer is an archive; anything else is sent as JSON. */
const bodyOf = (body: unknown): { type: string; body: string | Buffer } =>
  Buffer.isBuffer(body)
    ? { type: 'application/x-tar', body }
    : { type: 'application/json', body: JSON.stringify(body) };

type Query = Readonly<Record<string, string | number | boolean>>;

/** Calls the engine in a version of its API that both know. What it refuses is thrown as an `EngineFailure`. */
export function createCalls(address: EngineAddress) {
  let versioned: Promise<{ readonly version: string; readonly api: string }> | undefined;

  const negotiate = async () => {
    const answer = await fetchText({ target: address('/version'), method: 'GET', timeoutSeconds: 10 });
    if (answer.status !== 200) throw engineFailure(answer.status, messageOf(answer.status, answer.text));
    const { Version: version, ApiVersion, MinAPIVersion } = Version.parse(JSON.parse(answer.text));
    const api = order(ApiVersion) < order(newestApi) ? ApiVersion : newestApi;
    if (order(api) < order(oldestApi) || order(MinAPIVersion ?? '1.0') > order(newestApi)) {
      throw engineFailure(0, `Docker ${version} speaks API ${ApiVersion}; ${oldestApi} to ${newestApi} is needed.`);
    }
    return { version, api };
  };
  const version = () => {
    versioned ??= negotiate().catch((error) => {
      versioned = undefined;
      throw error;
    });
    return versioned;
  };

  const prepare = async (
    method: Call['method'],
    path: string,
    query: Query,
    body: unknown,
    { headers, ...options }: Options,
  ): Promise<Call> => {
    const { api } = await version();
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`]),
    );
    const sent = body === undefined ? undefined : bodyOf(body);
    return {
      target: address(`/v${api}${path}?${search}`),
      method,
      ...options,
      headers: { ...headers, ...(sent && { 'content-type': sent.type }) },
      ...(sent && { body: sent.body }),
    };
  };

  /** Calls, and reads the whole answer; `fine` are the statuses, besides 2xx, that are not failures. */
  const call = async (
    method: Call['method'],
    path: string,
    query: Query = {},
    body?: unknown,
    options: Options & { readonly fine?: readonly number[] } = {},
  ) => {
    const { fine = [], ...rest } = options;
    const answer = await fetchText(await prepare(method, path, query, body, rest));
    const ok = (answer.status >= 200 && answer.status < 300) || fine.includes(answer.status);
    if (!ok) throw engineFailure(answer.status, messageOf(answer.status, answer.text));
    return answer;
  };
  const read = async <T extends z.ZodType>(schema: T, path: string, query: Query = {}): Promise<z.output<T>> =>
    schema.parse(JSON.parse((await call('GET', path, query)).text));
  const find = async <T extends z.ZodType>(schema: T, path: string): Promise<z.output<T> | undefined> => {
    try {
      return await read(schema, path);
    } catch (error) {
      if (isEngineFailure(error, 404)) return undefined;
      throw error;
    }
  };
  const stream = async (
    method: Call['method'],
    path: string,
    query: Query,
    options: Options,
  ): Promise<IncomingMessage> => {
    const response = await open(await prepare(method, path, query, undefined, options));
    if (response.statusCode === 200) return response;
    let text = '';
    for await (const chunk of response) text += chunk;
    throw engineFailure(response.statusCode ?? 0, messageOf(response.statusCode ?? 0, text));
  };

  return {
    version,
    /** Forgets which version was spoken: another engine may answer now. */
    forget(): void {
      versioned = undefined;
    },
    prepare,
    call,
    read,
    find,
    stream,
  };
}
