import { type GithubClientOptions, githubCaller } from './call.ts';
import { type GithubRegistration, githubRegistration } from './registration.ts';
import { type GithubReleases, githubReleases } from './releases.ts';
import { type GithubRunners, githubRunners } from './runners.ts';

/** All that we ask of GitHub. */
export interface GithubClient extends GithubRunners, GithubRegistration, GithubReleases {}

/**
 * A client of GitHub's REST API. No call throws: each is answered by a value or by a failure of a closed vocabulary.
 * `releaseApiUrl` is where the runner's own repository is, which an Enterprise Server does not have.
 * @default releaseApiUrl the same as apiUrl
 */
export function githubClient(options: GithubClientOptions & { readonly releaseApiUrl?: string }): GithubClient {
  const call = githubCaller(options);
  const { releaseApiUrl } = options;
  const releaseCall = releaseApiUrl === undefined ? call : githubCaller({ ...options, apiUrl: releaseApiUrl });
  const runners = githubRunners(call);
  return { ...runners, ...githubRegistration(call, runners), ...githubReleases(call, releaseCall) };
}
