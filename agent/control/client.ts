import type * as z from 'zod';
import { claim, credentials, enroll, images, registry, sync } from '#contract/agent.ts';
import { fetchText } from '../http.ts';
import { agentVersion } from '../version.ts';
import { type Refusal, readRefusal } from './refusal.ts';

type Reply<O extends { reply: z.ZodType }> = z.output<O['reply']>;
type Body<O extends { body: z.ZodType }> = z.input<O['body']>;

/** What an enrollment answers. */
export type Enrolled = Reply<typeof enroll>;
/** What a node tells. */
export type SyncBody = Body<typeof sync>;
/** What a node is told. */
export type SyncReply = Reply<typeof sync>;
/** The credential of a start. */
export type Granted = Reply<typeof claim>;
/** AWS credentials for the organization's log streams. */
export type LogCredentials = Reply<typeof credentials>;

/** Either the answer, or why there is none; a control plane that can't be reached is thrown. */
export type Result<T> = { readonly ok: true; readonly reply: T } | { readonly ok: false; readonly refusal: Refusal };

interface Request {
  readonly url: string;
  readonly token?: string;
  readonly signal?: AbortSignal | undefined;
}

async function call<T extends z.ZodType>(
  { url, token, signal }: Request,
  { method, path, reply }: { readonly method: 'GET' | 'POST'; readonly path: string; readonly reply: T },
  body?: unknown,
): Promise<Result<z.output<T>>> {
  const answer = await fetchText({
    target: { url: new URL(`${url.replace(/\/+$/, '')}${path}`) },
    method,
    signal,
    headers: {
      accept: 'application/json',
      'user-agent': `runner-pilot-agent/${agentVersion}`,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status !== 200) {
    return { ok: false, refusal: readRefusal(answer.status, answer.headers, answer.text) };
  }
  return { ok: true, reply: reply.parse(JSON.parse(answer.text)) };
}

/** Turns an enrollment code into a node token. */
export const callEnroll = (url: string, body: Body<typeof enroll>): Promise<Result<Enrolled>> =>
  call({ url }, enroll, body);

/** The control plane as one node sees it. */
export function createControl(url: string, token: string) {
  return {
    sync: (body: SyncBody, signal?: AbortSignal): Promise<Result<SyncReply>> =>
      call({ url, token, signal }, sync, body),

    claim: (uid: string, body: Body<typeof claim>, signal?: AbortSignal): Promise<Result<Granted>> =>
      call({ url, token, signal }, { ...claim, path: `/agent/instances/${encodeURIComponent(uid)}/claim` }, body),

    registry: (body: Body<typeof registry>, signal?: AbortSignal): Promise<Result<Reply<typeof registry>>> =>
      call({ url, token, signal }, registry, body),

    images: (signal?: AbortSignal): Promise<Result<Reply<typeof images>>> => call({ url, token, signal }, images),

    credentials: (signal?: AbortSignal): Promise<Result<LogCredentials>> => call({ url, token, signal }, credentials),
  };
}

/** The control plane as one node sees it. */
export type Control = ReturnType<typeof createControl>;
