import { connect, type Socket } from 'node:net';
import type { Target } from '../http.ts';

/** A stream that the engine sends for as long as it likes. */
export interface RawStream {
  readonly status: number;
  /** Whether what answered has cut it into chunks all the same, so that it can't be read as it is. */
  readonly chunked: boolean;
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

const mostHeaderBytes = 64 * 1024;
const endOfHeaders = '\r\n\r\n';

/** Reads up to the end of the headers, and gives back what came after it. */
function readHeaders(socket: Socket): Promise<{ readonly head: string; readonly rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let got: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf(endOfHeaders);
      if (end === -1 && got.length < mostHeaderBytes) return;
      socket.pause();
      socket.off('data', onData);
      if (end === -1) return reject(new Error('The engine answered with something that is not HTTP.'));
      return resolve({ head: got.toString('latin1', 0, end), rest: got.subarray(end + endOfHeaders.length) });
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The engine closed the connection before it answered.')));
  });
}

/**
 * Gets a stream by HTTP/1.0: it comes as it is, and ends with the connection. By 1.1 the engine sends each line as a
 * chunk of its own, and parsing those takes longer than all else that is done with a line.
 */
export async function openRaw(target: Target, signal: AbortSignal | undefined): Promise<RawStream> {
  const [socket, path, host] =
    'socket' in target
      ? [connect(target.socket), target.path, 'docker']
      : [
          connect(Number(target.url.port || 80), target.url.hostname),
          `${target.url.pathname}${target.url.search}`,
          target.url.host,
        ];
  const abort = () => socket.destroy(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', abort));
  if (signal?.aborted) abort();
  socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
  const { head, rest } = await readHeaders(socket);
  const body = async function* () {
    if (rest.length > 0) yield rest;
    yield* socket as AsyncIterable<Buffer>;
  };
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0);
  return { status, chunked: /^transfer-encoding: *chunked/im.test(head), body: body(), close: () => socket.destroy() };
}
