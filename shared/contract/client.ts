import type * as z from 'zod';
import type { ProblemCode } from '#domain/problem.ts';
import type { Operation } from './operation.ts';
import { contract } from './operations.ts';

/** A refusal, as it comes over the wire (RFC 9457). */
export interface ProblemReply {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** What came back: what was asked for, or why not. */
export type Outcome<T> =
  | { readonly ok: true; readonly status: number; readonly headers: Headers; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly headers: Headers; readonly problem: ProblemReply };

type Part<K extends string, T> = Record<string, never> extends T ? { readonly [P in K]?: T } : { readonly [P in K]: T };

type ParamsOf<O extends Operation> =
  z.input<O['params']> extends Record<string, never>
    ? { readonly params?: undefined }
    : { readonly params: z.input<O['params']> };

type BodyOf<O extends Operation> = O extends { readonly body: infer B extends z.ZodType }
  ? Part<'body', z.input<B>>
  : { readonly body?: undefined };

/** What a call is given. Query values are strings, as they stand in the address. */
export type CallOptions<O extends Operation> = ParamsOf<O> &
  BodyOf<O> & {
    readonly query?: z.input<O['query']>;
    /** Further headers, such as `Idempotency-Key`, `If-Match`, `Prefer`. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  };

type Call<O extends Operation> = (
  ...given: Record<string, never> extends CallOptions<O> ? [options?: CallOptions<O>] : [options: CallOptions<O>]
) => Promise<Outcome<z.output<O['reply']>>>;

type Contract = typeof contract;

/** The whole API as functions: `api.nodes.create({ params: { org_id: 'GT' }, body: { … } })`. */
export type Client = {
  readonly [G in keyof Contract]: { readonly [N in keyof Contract[G]]: Call<Contract[G][N] & Operation> };
};

/** How the API is reached. */
export interface ClientOptions {
  /** The address of the API, without a path. */
  readonly url: string;
  /** An access token, or that of a node. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
}

interface AnyCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function addressOf(url: string, { path }: Operation, { params = {}, query = {} }: AnyCall): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const asked = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${url.replace(/\/+$/, '')}${filled}${asked.length > 0 ? `?${new URLSearchParams(asked)}` : ''}`;
}

async function outcomeOf(response: Response): Promise<Outcome<unknown>> {
  const { status, headers } = response;
  const type = headers.get('content-type') ?? '';
  if (response.ok) {
    const body: unknown = type.startsWith('application/json') ? await response.json() : await response.text();
    return { ok: true, status, headers, body };
  }
  if (!type.startsWith('application/problem+json')) {
    // The few answers that the gateway itself gives.
    throw new Error(`${response.url} has answered ${status}: ${(await response.text()).slice(0, 200)}`);
  }
  return { ok: false, status, headers, problem: (await response.json()) as ProblemReply };
}

/** Makes a client of the API, typed by the contract. Refusals are outcomes; only what is no answer at all is thrown. */
export function client({ url, token, fetch: send = fetch }: ClientOptions): Client {
  const call =
    (operation: Operation) =>
    async (options: AnyCall = {}): Promise<Outcome<unknown>> => {
      const { body, headers, signal } = options;
      const response = await send(addressOf(url, operation, options), {
        method: operation.method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      return outcomeOf(response);
    };
  const groups = Object.entries(contract).map(([name, group]) => [
    name,
    Object.fromEntries(Object.entries<Operation>(group).map(([verb, operation]) => [verb, call(operation)])),
  ]);
  return Object.fromEntries(groups) as Client;
}
