import { once } from 'node:events';
import { createServer } from 'node:http';

/** A registry of container images that has none. Engines take one at 127.0.0.1 without TLS. */
export interface EmptyRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`, for references of images. */
  readonly host: string;
}

/**
 * Answers as registries do (OCI Distribution Specification 1.1): 404 MANIFEST_UNKNOWN for any image, but 401 for those
 * under `private/`.
 */
export async function startEmptyRegistry(): Promise<EmptyRegistry> {
  const server = createServer(({ url = '/' }, response) => {
    const answer = (status: number, code: string, message: string) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ errors: [{ code, message }] }));
    if (url === '/v2/') response.writeHead(200, { 'docker-distribution-api-version': 'registry/2.0' }).end('{}');
    else if (url.startsWith('/v2/private/')) answer(401, 'UNAUTHORIZED', 'authentication required');
    else answer(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The registry has no port.');
  return {
    host: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
