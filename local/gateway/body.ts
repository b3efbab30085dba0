import type { IncomingMessage } from 'node:http';

/** Reads a body (RFC 9112, 6.3), unless it is larger than the limit: then 'too-large', and the rest is left unread. */
export function readBody(
  request: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  limitBytes: number,
): undefined | 'too-large' | Promise<Buffer | undefined | 'too-large'> {
  const length = headers['content-length'];
  if (length === undefined && headers['transfer-encoding'] === undefined) return undefined;
  if (Number(length) > limitBytes) return 'too-large';

  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        request.pause();
        chunks.length = 0;
        resolve('too-large');
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(size === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('The client closed the connection.'));
    });
  });
}
