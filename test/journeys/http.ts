/** An answer, as a person with `curl -i` sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a journey looks at whatever came back
  readonly body: any;
}

/** A caller with an address and perhaps a token. */
export interface Caller {
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  as(token: string): Caller;
}

/** Calls the API at an address by HTTP alone: no client of ours between the test and the wire. */
export function caller(url: string, token?: string): Caller {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: json && text !== '' ? JSON.parse(text) : text };
  };
  return Object.assign(call, { as: (other: string) => caller(url, other) });
}

/** Looks again and again until `look` gives something; after `seconds` it fails, and says what it saw last. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 15): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let seen: unknown;
  for (;;) {
    seen = await look();
    if (seen !== undefined && seen !== false) return seen as T;
    if (Date.now() > end) throw new Error(`Waited ${seconds} s for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
