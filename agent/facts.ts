import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, cpus, hostname, totalmem } from 'node:os';
import type { NodeFacts } from '#domain/node.ts';
import type { Engine } from './engine/engine.ts';
import type { Info } from './engine/replies.ts';
import { agentVersion } from './version.ts';

const architectures: Readonly<Record<string, NodeFacts['architecture']>> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7l: 'arm',
  armv6l: 'arm',
};

/** A new one at each boot; the same in containers. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** The engine's architecture as GitHub's runner calls it. */
export const architectureOf = (info: Pick<Info, 'Architecture'> | undefined): NodeFacts['architecture'] =>
  architectures[info?.Architecture ?? arch()] ?? (arch() === 'arm64' ? 'arm64' : 'x64');

/** The file system that holds the engine's data: all of it, what is free, and how much is used. */
export async function diskOf(info: Pick<Info, 'DockerRootDir'>) {
  // In a container the engine's folder isn't there, but the container's own root lies on the same file system.
  const { bsize, blocks, bfree, bavail } = await statfs(info.DockerRootDir).catch(() => statfs('/'));
  const used = blocks - bfree;
  // As df does: what is reserved for root counts neither way.
  return {
    bytes: blocks * bsize,
    freeBytes: bavail * bsize,
    usedPercent: used + bavail === 0 ? 0 : (used / (used + bavail)) * 100,
  };
}

/** What a node says of itself. */
export async function readFacts(engine: Engine, info: Info): Promise<NodeFacts> {
  const { version, api } = await engine.version();
  return {
    hostname: (info.Name || hostname()).slice(0, 253),
    architecture: architectureOf(info),
    os: info.OperatingSystem.slice(0, 128),
    cpus: info.NCPU,
    memory_bytes: info.MemTotal,
    disk_bytes: (await diskOf(info)).bytes,
    engine: { version, api_version: api, live_restore: info.LiveRestoreEnabled ?? false },
    agent_version: agentVersion,
  };
}

/** What a node can say of itself while its engine doesn't answer. */
export const factsWithoutEngine = (): NodeFacts => ({
  hostname: hostname().slice(0, 253),
  architecture: architectureOf(undefined),
  os: 'Linux',
  cpus: cpus().length,
  memory_bytes: totalmem(),
  disk_bytes: 0,
  engine: null,
  agent_version: agentVersion,
});
