import { request } from 'node:http';

/** What the engine answered. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: string;
}

/** One call to a Docker engine's HTTP API over its socket. */
export function callEngine(socket: string, method: string, path: string, body?: Buffer): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path: `/v1.40${path}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.on('error', (error) =>
      reject(new Error(`No Docker engine answers at ${socket}. Start Docker, or name its socket.`, { cause: error })),
    );
    if (body !== undefined) {
      call.setHeader('content-type', 'application/x-tar');
      call.setHeader('content-length', body.length);
    }
    call.end(body);
  });
}
