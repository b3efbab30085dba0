import type { GithubFailure, GithubScope } from '#domain/github.ts';

/** An answer that was not a success. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** What was asked for, in words that fit after "GitHub did not": "register a runner". */
export interface Asked {
  readonly what: string;
  readonly scope: GithubScope | undefined;
  readonly token: string | undefined;
}

/** GitHub asks to wait at least a minute when it does not say how long. */
const defaultWaitSeconds = 60;
const longestWaitSeconds = 6 * 3600;

const named = (scope: GithubScope | undefined): string => {
  if (scope === undefined) return 'this';
  return scope.kind === 'repository'
    ? `the repository "${scope.owner}/${scope.name}"`
    : `the organization "${scope.owner}"`;
};

// The least permissions, as GitHub's description of each endpoint has them.
const needed = (scope: GithubScope | undefined): string =>
  scope?.kind === 'organization'
    ? 'A classic personal access token needs the scope "admin:org"; a fine-grained one or a GitHub App needs "Self-hosted runners: write" of the organization.'
    : 'A classic personal access token needs the scope "repo"; a fine-grained one or a GitHub App needs "Administration: write" of the repository.';

/** GitHub's own words, cut to a length, on one line, and never with the credential in them. */
export function quoted(message: string, token: string | undefined): string {
  const safe = token === undefined || token === '' ? message : message.replaceAll(token, '[redacted]');
  const line = safe
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/g, '')
    .trim()
    .slice(0, 300);
  return line === '' ? '' : ` GitHub says: "${line}".`;
}

const header = (refusal: Refusal, name: string): string | undefined => {
  const value = refusal.headers[name];
  return value === undefined ? undefined : String(value);
};

/** How long to wait, if the answer was a rate limit; undefined if it was none. */
function rateLimitSeconds(refusal: Refusal, now: number): number | undefined {
  if (refusal.status !== 403 && refusal.status !== 429) return undefined;
  const bounded = (seconds: number) => Math.min(Math.max(Math.ceil(seconds), 1), longestWaitSeconds);

  const after = header(refusal, 'retry-after');
  if (after !== undefined) {
    const seconds = /^\d{1,9}$/.test(after) ? Number(after) : (Date.parse(after) - now) / 1000;
    return Number.isFinite(seconds) ? bounded(seconds) : defaultWaitSeconds;
  }
  if (header(refusal, 'x-ratelimit-remaining') === '0') {
    const reset = Number(header(refusal, 'x-ratelimit-reset'));
    return Number.isFinite(reset) ? bounded(reset - now / 1000) : defaultWaitSeconds;
  }
  return refusal.status === 429 || /secondary rate limit/i.test(refusal.message) ? defaultWaitSeconds : undefined;
}

/** What a refusal means, in a sentence that somebody can act on. */
export function toFailure(refusal: Refusal, asked: Asked, now: number): GithubFailure {
  const { status } = refusal;
  const says = quoted(refusal.message, asked.token);
  const retryAfterSeconds = rateLimitSeconds(refusal, now);
  if (retryAfterSeconds !== undefined) {
    return {
      kind: 'unavailable',
      retryAfterSeconds,
      detail: `GitHub's rate limit for this credential is used up; it is tried again in ${retryAfterSeconds} s.`,
    };
  }
  switch (status) {
    case 401:
      return {
        kind: 'unauthorized',
        status,
        detail: `GitHub does not accept the credential: it is mistyped, expired or revoked. Give the runner a new one.${says}`,
      };
    case 403:
      return {
        kind: 'forbidden',
        status,
        detail: `GitHub does not allow the credential to ${asked.what} for ${named(asked.scope)}. ${needed(asked.scope)}${says}`,
      };
    case 404:
      return {
        kind: 'not_found',
        status,
        detail: `GitHub knows no such thing as ${named(asked.scope)}, or does not let the credential see its runners. Check "github_repo". ${needed(asked.scope)}`,
      };
    case 409:
      return {
        kind: 'conflict',
        status,
        detail: `GitHub did not ${asked.what}, because of something that is there already.${says}`,
      };
    case 408:
      return { kind: 'unavailable', detail: 'GitHub gave up on the call before it was done.' };
    default:
      if (status >= 500) return { kind: 'unavailable', detail: `GitHub has a problem of its own (${status}).` };
      return {
        kind: 'invalid',
        status,
        detail: `GitHub did not ${asked.what} for ${named(asked.scope)} (${status}).${says}`,
      };
  }
}
