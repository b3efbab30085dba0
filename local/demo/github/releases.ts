import { machineArch, runnerTarball } from '../runner/tarball.ts';
import type { Answer, Route } from './http.ts';
import { refusal } from './rest.ts';
import type { State } from './state.ts';

const versionPattern = /^\d{1,4}\.\d{1,6}\.\d{1,6}$/;

/** Runner releases: tarballs made when they are first asked for, and what the API says of them. */
export interface Releases {
  /** The tarball's sha256 in hexadecimal digits. */
  sha256(version: string): string;
  /** Routes of the API that need no credential, and those that do. */
  readonly open: readonly Route[];
  readonly closed: readonly Route[];
  readonly downloads: readonly Route[];
}

/** Compares two versions such as `2.335.0`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < 3; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The releases of this stand-in: this machine's architecture only. */
export function createReleases(state: State): Releases {
  const made = new Map<string, ReturnType<typeof runnerTarball>>();
  const tarball = (version: string) => {
    const known = made.get(version) ?? runnerTarball(version);
    made.set(version, known);
    return known;
  };
  const fileName = (version: string) => `actions-runner-linux-${machineArch}-${version}.tar.gz`;
  const downloadUrl = (version: string) =>
    `${state.url}/actions/runner/releases/download/v${version}/${fileName(version)}`;
  const asset = (version: string) => {
    const { content, sha256 } = tarball(version);
    return {
      name: fileName(version),
      size: content.length,
      digest: `sha256:${sha256}`,
      browser_download_url: downloadUrl(version),
    };
  };
  const release = (version: string) => ({
    tag_name: `v${version}`,
    name: `v${version}`,
    draft: false,
    prerelease: false,
    assets: [asset(version)],
  });
  const downloads = (): Answer => ({
    status: 200,
    json: [
      {
        os: 'linux',
        architecture: machineArch,
        filename: fileName(state.version),
        download_url: downloadUrl(state.version),
        sha256_checksum: tarball(state.version).sha256,
      },
    ],
  });
  const deprecation = (version: string): Answer => {
    if (!versionPattern.test(version)) return refusal(404, 'Not Found');
    const gone = compareVersions(version, state.minimumVersion) < 0;
    const at = (days: number) => new Date(state.now() + days * 86_400_000).toISOString();
    return {
      status: 200,
      json: {
        runner_version: version,
        runtime_deprecates_at: gone ? at(-1) : at(180),
        registration_deprecates_at: gone ? at(-30) : at(90),
      },
    };
  };

  return {
    sha256: (version) => tarball(version).sha256,
    open: [
      {
        method: 'GET',
        path: '/repos/actions/runner/releases/latest',
        answer: () => ({ status: 200, json: release(state.version) }),
      },
    ],
    closed: ['/repos/:owner/:name', '/orgs/:owner'].flatMap((scope): Route[] => [
      { method: 'GET', path: `${scope}/actions/runners/downloads`, answer: downloads },
      {
        method: 'GET',
        path: `${scope}/actions/runners/deprecations/:version`,
        answer: (_, params) => deprecation(params.version ?? ''),
      },
    ]),
    downloads: [
      {
        method: 'GET',
        path: '/actions/runner/releases/download/:tag/:file',
        answer: (_, params) => {
          const version = (params.tag ?? '').replace(/^v/, '');
          if (!versionPattern.test(version) || params.file !== fileName(version))
            return { status: 404, text: 'Not Found' };
          return { status: 200, bytes: tarball(version).content };
        },
      },
    ],
  };
}
