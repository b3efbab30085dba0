/** Whose runners: a repository's, or a whole organization's. */
export type GithubScope =
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string }
  | { readonly kind: 'organization'; readonly owner: string };

/** The scope that `github_repo` names: `owner/name`, or `owner` alone. */
export function githubScope(githubRepo: string): GithubScope {
  const [owner = '', name] = githubRepo.split('/', 2);
  return name === undefined ? { kind: 'organization', owner } : { kind: 'repository', owner, name };
}

/**
 * Why GitHub did not do what it was asked. `unavailable` passes by itself and uses up no attempt; the others need
 * somebody to do what `detail` says. No credential is ever part of it.
 */
export type GithubFailure =
  | { readonly kind: 'unavailable'; readonly detail: string; readonly retryAfterSeconds?: number }
  | {
      readonly kind: 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'invalid';
      readonly detail: string;
      /** The HTTP status, if GitHub answered with one. */
      readonly status?: number;
    };

/** What came of a call to GitHub. */
export type GithubResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: GithubFailure };
