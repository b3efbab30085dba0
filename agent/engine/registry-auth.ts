import type { RegistryLogin } from '#domain/registry.ts';

/** Docker's own registry is known to engines by this address of its first version. */
const hubAddress = 'https://index.docker.io/v1/';

/** The header by which an engine is told how to log in: JSON in base64url with its padding (Engine API, "Authentication"). */
export function registryAuth({ host, username, password }: RegistryLogin): Record<string, string> {
  const serveraddress = host === 'docker.io' ? hubAddress : host;
  const text = Buffer.from(JSON.stringify({ username, password, serveraddress })).toString('base64');
  return { 'x-registry-auth': text.replaceAll('+', '-').replaceAll('/', '_') };
}
