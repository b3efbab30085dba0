import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { busybox } from '../busybox.ts';
import { type TarEntry, tar } from '../tar.ts';

/** The version that the stand-in's runner has unless it is told another. */
export const defaultRunnerVersion = '2.335.0';

/** This machine's architecture, as GitHub's runner calls it. */
export const machineArch = process.arch === 'arm64' ? 'arm64' : 'x64';

const programs = ['config.sh', 'run.sh', 'run-helper.sh', 'bin/Runner.Listener', 'bin/Runner.Worker'];
const sources = ['bin/service.sh', 'bin/configure.sh', 'bin/listen.sh'];

/** The runner's files, with paths below `folder`. */
export function runnerFiles(version: string, folder: string, uid: number): TarEntry[] {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url));
  const at = (path: string) => `${folder}${path}`;
  return [
    { path: at('bin/'), uid },
    { path: at('externals/'), uid },
    { path: at('externals/busybox/'), uid },
    { path: at('externals/busybox/busybox'), content: busybox().program, mode: 0o755, uid },
    { path: at('bin/runner.version'), content: Buffer.from(`${version}\n`), uid },
    ...programs.map((path) => ({ path: at(path), content: read(path), mode: 0o755, uid })),
    ...sources.map((path) => ({ path: at(path), content: read(path), uid })),
  ];
}

/** The runner's release as GitHub publishes it: a gzipped archive, and its sha256 in hexadecimal digits. */
export function runnerTarball(version: string): { content: Buffer; sha256: string } {
  const content = gzipSync(tar(runnerFiles(version, './', 1001)), { level: 6 });
  return { content, sha256: createHash('sha256').update(content).digest('hex') };
}
