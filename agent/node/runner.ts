import { spawn } from 'node:child_process';
import { access, chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncReply } from '../control/client.ts';
import { download } from '../download.ts';

/** Which version of GitHub's runner the control plane names, and where it is. */
export type RunnerRelease = NonNullable<SyncReply['runner']>;

/** GitHub's runner on this machine: read-only from here on. */
export interface UnpackedRunner {
  readonly folder: string;
  readonly version: string;
}

const draftPrefix = 'draft-';
const plainVersion = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/;

function unpack(archive: string, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const tar = spawn('tar', ['-xzf', archive, '-C', folder, '--no-same-owner'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    tar.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-512);
    });
    tar.on('error', (error) =>
      reject(new Error('The program tar is needed to unpack GitHub’s runner.', { cause: error })),
    );
    tar.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}: ${said.trim()}`))));
  });
}

/** GitHub's runner, kept once per version and architecture, for images that don't bring it. */
export function createRunners(stateFolder: string) {
  const parent = join(stateFolder, 'runner');
  const under = new Map<string, Promise<UnpackedRunner>>();
  let certificates: Promise<string> | undefined;

  const fetchRunner = async (release: RunnerRelease, architecture: string): Promise<UnpackedRunner> => {
    const { version } = release;
    const url = release.urls[architecture];
    const expected = release.sha256[architecture];
    if (!plainVersion.test(version)) throw new Error(`"${version}" is no version of GitHub's runner.`);
    if (url === undefined || expected === undefined) {
      throw new Error(`There is no runner ${version} of GitHub's for ${architecture}.`);
    }
    const folder = join(parent, `${version}-${architecture}`);
    const found = { folder, version };
    if (await exists(folder)) return found;

    await mkdir(parent, { recursive: true, mode: 0o755 });
    const draft = await mkdraft(parent);
    try {
      const archive = join(draft, 'archive.tar.gz');
      const actual = await download(url, archive, 'GitHub’s runner', AbortSignal.timeout(15 * 60_000));
      if (actual !== expected.toLowerCase()) {
        throw new Error(`GitHub's runner ${version} from ${url} has the sha256 ${actual}, and not ${expected}.`);
      }
      const files = join(draft, 'files');
      await mkdir(files);
      await unpack(archive, files);
      // Containers read it as whoever they are.
      await chmod(files, 0o755);
      // At once: a crash leaves a draft, and never half a runner.
      await rename(files, folder).catch(async (error) => {
        if (!(await exists(folder))) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return found;
  };

  return {
    /** The unpacked runner; downloaded, checked and unpacked if it isn't there. */
    ensure(release: RunnerRelease, architecture: string): Promise<UnpackedRunner> {
      const key = `${release.version}-${architecture}`;
      const shared = under.get(key) ?? fetchRunner(release, architecture).finally(() => under.delete(key));
      under.set(key, shared);
      return shared;
    },

    /** Removes what a crash has left, and all versions but the newest and those that containers use. */
    async tidy(used: ReadonlySet<string>): Promise<void> {
      const names = await readdir(parent).catch(() => []);
      const kept = await Promise.all(
        names.map(async (name) => ({ name, at: (await stat(join(parent, name))).mtimeMs })),
      );
      const newest = kept.filter(({ name }) => !name.startsWith(draftPrefix)).sort((a, b) => b.at - a.at)[0]?.name;
      for (const { name } of kept) {
        const isUsed = name === newest || used.has(name.replace(/-[a-z0-9]+$/, ''));
        if (!isUsed) await rm(join(parent, name), { recursive: true, force: true });
      }
    },

    /** The CA certificates that Node knows, in a file, for images that have none. */
    certificates(): Promise<string> {
      certificates ??= writeCertificates(join(stateFolder, 'ca.pem'));
      return certificates;
    },
  };
}

/** GitHub's runner, kept once per version and architecture. */
export type Runners = ReturnType<typeof createRunners>;

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function mkdraft(parent: string): Promise<string> {
  const draft = join(parent, `${draftPrefix}${process.pid}-${Date.now()}`);
  await mkdir(draft, { mode: 0o700 });
  return draft;
}

async function writeCertificates(path: string): Promise<string> {
  // Node reads all of them at the first use, which costs an agent that never needs them its memory.
  const { getCACertificates } = await import('node:tls');
  const all = [...getCACertificates('bundled'), ...getCACertificates('extra')];
  await writeFile(path, `${all.join('\n')}\n`, { mode: 0o644 });
  return path;
}
