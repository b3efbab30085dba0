import { request } from 'node:http';

/** What the engine answered. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** One call to a Docker engine's HTTP API, in whatever version it speaks, over its socket; a buffer is sent as an archive, anything else as JSON. */
export function callEngine(
  socket: string,
  method: string,
  path: string,
  given?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<EngineAnswer> {
  const archive = Buffer.isBuffer(given);
  const body = archive ? given : given === undefined ? undefined : Buffer.from(JSON.stringify(given));
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path, headers: { ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    call.on('error', (error) =>
      reject(new Error(`No Docker engine answers at ${socket}. Start Docker, or name its socket.`, { cause: error })),
    );
    if (body !== undefined) {
      call.setHeader('content-type', archive ? 'application/x-tar' : 'application/json');
      call.setHeader('content-length', body.length);
    }
    call.end(body);
  });
}
