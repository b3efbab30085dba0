import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A request, read to its end. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Does the caller sit on this machine, and in no container of it? */
  readonly fromHere: boolean;
}

/** An answer: JSON, text or bytes. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection without a word. */
  readonly cut?: boolean;
}

/** What is done for a method and a path such as `/orgs/:owner/actions/runners`. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly answer: (call: Call, params: Readonly<Record<string, string>>) => Answer | Promise<Answer>;
}

/** The route for a call and what its path's parameters are. */
export function match(routes: readonly Route[], call: Call): (() => Answer | Promise<Answer>) | undefined {
  const given = call.path.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (route.method !== call.method || wanted.length !== given.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, i) => {
      const value = given[i] ?? '';
      if (!part.startsWith(':')) return part === value;
      params[part.slice(1)] = decodeURIComponent(value);
      return value !== '';
    });
    if (fits) return () => route.answer(call, params);
  }
  return undefined;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.cut === true) {
    response.destroy();
    return;
  }
  const body = answer.bytes ?? (answer.json === undefined ? (answer.text ?? '') : JSON.stringify(answer.json));
  const type =
    answer.json === undefined ? (answer.bytes ? 'application/octet-stream' : 'text/plain') : 'application/json';
  const headers: Record<string, string> = { 'content-type': `${type}; charset=utf-8`, ...answer.headers };
  if (answer.status === 204) {
    response.writeHead(204, answer.headers).end();
    return;
  }
  response.writeHead(answer.status, { ...headers, 'content-length': `${Buffer.byteLength(body)}` }).end(body);
}

/** A server that hands each request to `answer`. */
export function serve(answer: (call: Call) => Promise<Answer>): Server {
  return createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const url = new URL(request.url ?? '/', 'http://stand-in');
    void read(request)
      .then((body) =>
        answer({
          method: request.method ?? 'GET',
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          body,
          signal: gone.signal,
          // This machine calls an address of its own from that very address.
          fromHere: request.socket.remoteAddress === request.socket.localAddress,
        }),
      )
      .catch((error: unknown) => ({ status: 500, json: { message: String(error) } }))
      .then((made) => send(response, made))
      .catch(() => response.destroy());
  });
}
