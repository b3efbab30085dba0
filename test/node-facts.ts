import type { NodeFacts } from '#domain/node.ts';

/** What a machine says of itself. */
export const facts: NodeFacts = {
  hostname: 'build-01',
  architecture: 'x64',
  os: 'Debian GNU/Linux 12 (bookworm)',
  cpus: 8,
  memory_bytes: 33_554_432_000,
  disk_bytes: 512_000_000_000,
  engine: { version: '28.2.2', api_version: '1.50', live_restore: true },
  agent_version: '0.1.0',
};
