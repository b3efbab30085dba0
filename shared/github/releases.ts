import * as z from 'zod';
import type { GithubResult, GithubScope } from '#domain/github.ts';
import { type GithubCaller, pathOf } from './call.ts';

const Release = z.object({
  tag_name: z.string().regex(/^v\d{1,4}\.\d{1,6}\.\d{1,6}$/),
  assets: z.array(z.object({ name: z.string(), browser_download_url: z.string(), digest: z.string().nullish() })),
});

const Deprecation = z.object({
  runner_version: z.string(),
  runtime_deprecates_at: z.string().nullish(),
  registration_deprecates_at: z.string().nullish(),
});

/** The runner for one architecture. */
export interface RunnerAsset {
  readonly arch: 'x64' | 'arm64';
  readonly url: string;
  /** In hexadecimal digits, from the release's own digest; undefined where GitHub gives none. */
  readonly sha256: string | undefined;
}

/** GitHub's newest runner: its version such as `2.335.0`, and its tarballs for Linux. */
export interface RunnerRelease {
  readonly version: string;
  readonly assets: readonly RunnerAsset[];
}

/** Until when a version of the runner may register and run; undefined where GitHub has set no date. */
export interface RunnerDeprecation {
  readonly version: string;
  readonly registrationUntil: string | undefined;
  readonly runtimeUntil: string | undefined;
}

/** What GitHub says of its runner's versions. */
export interface GithubReleases {
  /** Without a token, 60 calls an hour and address are allowed. */
  latestRunnerRelease(token?: string): Promise<GithubResult<RunnerRelease>>;
  /** Undefined if GitHub knows no dates for it: an Enterprise Server that is older than the question, or no such version. */
  findRunnerDeprecation(
    scope: GithubScope,
    token: string,
    version: string,
  ): Promise<GithubResult<RunnerDeprecation | undefined>>;
}

function assetsOf(release: z.output<typeof Release>): RunnerAsset[] {
  const version = release.tag_name.slice(1);
  return (['x64', 'arm64'] as const).flatMap((arch) => {
    const asset = release.assets.find(({ name }) => name === `actions-runner-linux-${arch}-${version}.tar.gz`);
    const sha256 = /^sha256:([0-9a-f]{64})$/.exec(asset?.digest ?? '')?.[1];
    return asset === undefined ? [] : [{ arch, url: asset.browser_download_url, sha256 }];
  });
}

/** The calls about versions; `elsewhere` goes to where the runner's repository is if it isn't here. */
export function githubReleases(call: GithubCaller, elsewhere: GithubCaller | undefined): GithubReleases {
  const latest = (from: GithubCaller, token: string | undefined) =>
    from(
      {
        what: "show the runner's newest release",
        scope: undefined,
        token,
        route: 'GET /repos/actions/runner/releases/latest',
      },
      Release,
    );

  return {
    async latestRunnerRelease(token) {
      const here = await latest(call, token);
      // A server in private mode answers 401 rather than 404. Its credential is nobody else's business.
      const absent = !here.ok && (here.failure.kind === 'not_found' || here.failure.kind === 'unauthorized');
      const answer = absent && elsewhere !== undefined ? await latest(elsewhere, undefined) : here;
      if (!answer.ok) return answer;
      return { ok: true, value: { version: answer.value.tag_name.slice(1), assets: assetsOf(answer.value) } };
    },

    async findRunnerDeprecation(scope, token, version) {
      const { path, parameters } = pathOf(scope);
      const route = `GET ${path}/runners/deprecations/{version}`;
      const answer = await call(
        { what: 'show when a version is deprecated', scope, token, route, parameters: { ...parameters, version } },
        Deprecation,
      );
      if (!answer.ok) return answer.failure.kind === 'not_found' ? { ok: true, value: undefined } : answer;
      const { runner_version, runtime_deprecates_at, registration_deprecates_at } = answer.value;
      return {
        ok: true,
        value: {
          version: runner_version,
          runtimeUntil: runtime_deprecates_at ?? undefined,
          registrationUntil: registration_deprecates_at ?? undefined,
        },
      };
    },
  };
}
