import { request as httpRequest } from 'node:http';

/** A request of the SDK, signed and not yet sent. */
export interface Signed {
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request handler that only notes what the SDK would send. */
export function recorder(url: string): {
  requestHandler: { handle(request: unknown): Promise<never> };
  taken: Signed[];
} {
  const taken: Signed[] = [];
  return {
    taken,
    requestHandler: {
      async handle(request) {
        const { method, path, headers, body } = request as Omit<Signed, 'url' | 'body'> & { body: Uint8Array | string };
        taken.push({ url, method, path, headers, body: Buffer.from(body).toString('utf8') });
        throw new Error('not sent');
      },
    },
  };
}

/** Signs with the SDK itself, and gives what it would have sent. */
export async function signedBy(url: string, send: (requestHandler: object) => Promise<unknown>): Promise<Signed> {
  const { requestHandler, taken } = recorder(url);
  await send(requestHandler).catch(() => undefined);
  const [request] = taken;
  if (!request) throw new Error('The SDK has sent nothing.');
  return request;
}

/** Sends a request as it is. */
export function post(request: Signed): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const { method, path, headers, body, url } = request;
  const sent = httpRequest(new URL(path, url), { method, headers, setHost: false }, async (response) => {
    let text = '';
    for await (const chunk of response) text += chunk;
    resolve({ status: response.statusCode ?? 0, body: text });
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
