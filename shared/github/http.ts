import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

// Why not the global fetch: it loads undici late, which costs a cold start 83 ms.

/** What Octokit hands to a fetch. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What Octokit asks of a response. */
export interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: Map<string, string>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A fetch with a deadline for the whole exchange and a bound on the response's size. */
export type BoundedFetch = (timeoutMs: number) => (url: string, init?: FetchInit) => Promise<FetchResponse>;

/** The bound on a response: a page of 100 runners with a hundred labels each is about 1 MB. */
const maxBytes = 8 * 1024 * 1024;
const redirects = new Set([301, 302, 307, 308]);
const mostRedirects = 3;

function collect(response: IncomingMessage, call: ClientRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) call.destroy(new Error(`The answer was larger than ${maxBytes} bytes.`));
      else chunks.push(chunk);
    });
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('aborted', () => reject(new Error('The answer ended in its middle.')));
    response.on('error', reject);
  });
}

const headersOf = (response: IncomingMessage): Map<string, string> =>
  new Map(Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]));

/** A fetch on node's own HTTP client, with connections kept alive for the next call. */
export function boundedFetch(): BoundedFetch {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

  const exchange = (url: URL, init: FetchInit, deadline: number): Promise<FetchResponse> =>
    new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const options = {
        method: init.method ?? 'GET',
        headers: { ...init.headers },
        agent: secure ? agents.https : agents.http,
      };
      const call = secure ? httpsRequest(url, options) : httpRequest(url, options);
      const left = deadline - Date.now();
      const timer = setTimeout(() => call.destroy(new Error('There was no answer in time.')), Math.max(1, left));
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(Object.assign(error, { reused: call.reusedSocket }));
      };
      call.on('error', fail);
      call.on('response', (response) => {
        collect(response, call).then((body) => {
          clearTimeout(timer);
          resolve({
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? '',
            url: url.href,
            headers: headersOf(response),
            text: async () => body.toString('utf8'),
            arrayBuffer: async () => new Uint8Array(body).buffer,
          });
        }, fail);
      });
      call.end(init.body);
    });

  /** A kept connection may have been closed by the other side just then, or while a Lambda was frozen: once more. */
  const withFreshSocket = async (url: URL, init: FetchInit, deadline: number): Promise<FetchResponse> => {
    try {
      return await exchange(url, init, deadline);
    } catch (error) {
      const stale = error instanceof Error && 'reused' in error && error.reused === true;
      const reset =
        error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (stale && reset) return exchange(url, init, deadline);
      throw error;
    }
  };

  return (timeoutMs) =>
    async (start, init = {}) => {
      const deadline = Date.now() + timeoutMs;
      let url = new URL(start);
      for (let hop = 0; ; hop++) {
        const response = await withFreshSocket(url, init, deadline);
        const location = response.headers.get('location');
        if (!redirects.has(response.status) || location === undefined || hop === mostRedirects) return response;
        // A renamed repository answers 301 for every method. The credential goes nowhere else.
        const next = new URL(location, url);
        if (next.origin !== url.origin) return response;
        url = next;
      }
    };
}
