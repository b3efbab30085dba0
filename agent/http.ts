import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';

/** Where a call goes: a URL, or a path on a server that listens on a socket of this machine. */
export type Target = { readonly url: URL } | { readonly socket: string; readonly path: string };

/** One HTTP call. */
export interface Call {
  readonly target: Target;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal | undefined;
  /** How long the answer may take to begin, and any pause in it to last. Default 30 s; 0: for ever. */
  readonly timeoutSeconds?: number;
}

/** An answer with its whole body. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function start({ target, method, headers, signal, timeoutSeconds = 30 }: Call): ClientRequest {
  const options: RequestOptions = {
    method,
    ...(headers === undefined ? {} : { headers }),
    ...(signal === undefined ? {} : { signal }),
    timeout: timeoutSeconds * 1000,
  };
  // The engine's socket is cheap to connect to, and a connection of its own never belongs to an engine that has died.
  if ('socket' in target) {
    return requestHttp({ ...options, agent: false, socketPath: target.socket, path: target.path });
  }
  return target.url.protocol === 'https:' ? requestHttps(target.url, options) : requestHttp(target.url, options);
}

/** Makes a call, and resolves as soon as the answer begins. */
export function open(call: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = start(call);
    sent.on('timeout', () => sent.destroy(new Error(`No answer within ${call.timeoutSeconds ?? 30} s.`)));
    sent.on('response', resolve);
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The other side closed a kept connection at the moment in which it was used again: nothing was read of the call.
      if (sent.reusedSocket && error.code === 'ECONNRESET') open(call).then(resolve, reject);
      else reject(error);
    });
    sent.end(call.body);
  });
}

/** Makes a call, and reads the answer up to a number of bytes. */
export async function fetchText(call: Call, maxBytes = 16 * 1024 * 1024): Promise<Answer> {
  const response = await open(call);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      response.destroy();
      throw new Error(`The answer is larger than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
