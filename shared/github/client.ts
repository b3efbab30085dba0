import { type GithubClientOptions, githubCaller } from './call.ts';
import { type GithubRegistration, githubRegistration } from './registration.ts';
import { type GithubReleases, githubReleases } from './releases.ts';
import { type GithubRunners, githubRunners } from './runners.ts';

/** All that we ask of GitHub. */
export interface GithubClient extends GithubRunners, GithubRegistration, GithubReleases {}

/**
 * A client of GitHub's REST API. No call throws: each is answered by a value or by a failure of a closed vocabulary.
 * `releaseApiUrl` is asked for the runner's releases where `apiUrl` has none, as an Enterprise Server's does not.
 */
export function githubClient(options: GithubClientOptions & { readonly releaseApiUrl?: string }): GithubClient {
  const call = githubCaller(options);
  const { releaseApiUrl } = options;
  const elsewhere =
    releaseApiUrl === undefined || releaseApiUrl === options.apiUrl
      ? undefined
      : githubCaller({ ...options, apiUrl: releaseApiUrl });
  const runners = githubRunners(call);
  return { ...runners, ...githubRegistration(call, runners), ...githubReleases(call, elsewhere) };
}
