/** GitHub's runner, for nodes that mount it: where its tarballs are, by architecture, and their SHA-256 where known. */
export interface RunnerRelease {
  readonly version: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly sha256: Readonly<Record<string, string>>;
}

/** What somebody has set instead of GitHub's newest release. */
export interface ReleaseSettings {
  readonly version: string | undefined;
  /** With `{version}` and `{arch}` in it. */
  readonly distUrl: string | undefined;
  /** One for every architecture, or `x64=…,arm64=…`. */
  readonly distSha256: string | undefined;
}

const architectures = ['x64', 'arm64'] as const;
const githubUrl =
  'https://github.com/actions/runner/releases/download/v{version}/actions-runner-linux-{arch}-{version}.tar.gz';

/** The hashes that a setting names, by architecture. */
export function hashesOf(setting: string | undefined): Record<string, string> {
  if (setting === undefined) return {};
  const pairs = setting.split(',').map((part) => part.trim().toLowerCase().split('='));
  const [only] = pairs;
  if (only?.length === 1) return Object.fromEntries(architectures.map((arch) => [arch, only[0] ?? '']));
  return Object.fromEntries(pairs.map(([arch = '', hash = '']) => [arch, hash]));
}

/**
 * The release that nodes are told of: GitHub's newest, unless a version or a mirror is set. Undefined while neither says
 * which version that is.
 */
export function releaseOf(settings: ReleaseSettings, newest: RunnerRelease | undefined): RunnerRelease | undefined {
  const version = settings.version ?? newest?.version;
  if (version === undefined) return undefined;
  const known = newest?.version === version ? newest : undefined;
  const template = settings.distUrl ?? githubUrl;
  const urls = Object.fromEntries(
    architectures.map((arch) => [arch, template.replaceAll('{version}', version).replaceAll('{arch}', arch)]),
  );
  return {
    version,
    urls: settings.distUrl === undefined ? { ...urls, ...known?.urls } : urls,
    // A mirror serves the same files; what is repacked needs a hash of its own.
    sha256: { ...known?.sha256, ...hashesOf(settings.distSha256) },
  };
}
