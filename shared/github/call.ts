import { Octokit } from '@octokit/core';
import * as z from 'zod';
import type { GithubFailure, GithubResult, GithubScope } from '#domain/github.ts';
import { type Asked, toFailure } from './failure.ts';
import { type BoundedFetch, boundedFetch } from './http.ts';

/** What the client is made of. */
export interface GithubClientOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** The time in epoch milliseconds. */
  readonly now: () => number;
  /** @default node's own HTTP client, with connections kept alive */
  readonly fetch?: BoundedFetch;
  /** How long a call may take if it does not say otherwise. @default 10_000 */
  readonly timeoutMs?: number;
}

/** One call: a route of the REST API, its parameters, and what was wanted. */
export interface GithubCall extends Asked {
  readonly route: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number | undefined;
}

/** Makes calls: an answer, or a failure; never an exception, and never the credential in either. */
export type GithubCaller = <T>(call: GithubCall, reply: z.ZodType<T>) => Promise<GithubResult<T>>;

/** The path under which a scope's runners are. */
export const pathOf = (scope: GithubScope): { path: string; parameters: Record<string, string> } =>
  scope.kind === 'repository'
    ? { path: '/repos/{owner}/{repo}/actions', parameters: { owner: scope.owner, repo: scope.name } }
    : { path: '/orgs/{org}/actions', parameters: { org: scope.owner } };

/** A result that is a failure. */
export const failed = (failure: GithubFailure): { ok: false; failure: GithubFailure } => ({ ok: false, failure });

const Refused = z.object({
  status: z.number(),
  response: z.object({ headers: z.record(z.string(), z.unknown()), data: z.unknown() }),
});
const Message = z.object({ message: z.string() });
const silent = () => undefined;

/** Calls to the REST API at one address. */
export function githubCaller(options: GithubClientOptions): GithubCaller {
  const fetch = options.fetch ?? boundedFetch();
  const octokit = new Octokit({
    baseUrl: options.apiUrl.replace(/\/+$/, ''),
    userAgent: 'runner-pilot',
    // Its warnings about deprecated endpoints would go to the console.
    log: { debug: silent, info: silent, warn: silent, error: silent },
  });

  return async (call, reply) => {
    try {
      const answer = await octokit.request(call.route, {
        ...call.parameters,
        headers: {
          'x-github-api-version': '2022-11-28',
          ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
        },
        request: { fetch: fetch(call.timeoutMs ?? options.timeoutMs ?? 10_000) },
      });
      const parsed = reply.safeParse(answer.data);
      if (parsed.success) return { ok: true, value: parsed.data };
      return failed({
        kind: 'unavailable',
        detail: 'GitHub, or what answers in its place, gave an answer that can not be read.',
      });
    } catch (error) {
      const refused = Refused.safeParse(error);
      // Without a response there was none: no connection, no answer in time, or one that was cut or too large.
      if (!refused.success)
        return failed({ kind: 'unavailable', detail: `GitHub could not be reached to ${call.what}.` });
      const { status, response } = refused.data;
      const message = Message.safeParse(response.data).data?.message ?? '';
      return failed(toFailure({ status, headers: response.headers, message }, call, options.now()));
    }
  };
}
