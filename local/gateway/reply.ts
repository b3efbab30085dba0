/** An answer, ready to be written. */
export interface Reply {
  readonly status: number;
  /** Names and values, one after the other, as `writeHead` takes them. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

/** An answer that API Gateway makes by itself. */
export const ownReply = (status: number, message: string, headers: readonly string[] = []): Reply => ({
  status,
  headers: ['content-type', 'application/json', ...headers],
  body: JSON.stringify({ message }),
});

/** The same answer with more headers. */
export const withHeaders = (reply: Reply, more: readonly string[]): Reply => ({
  status: reply.status,
  headers: [...reply.headers, ...more],
  body: reply.body,
});

/** Headers that API Gateway sets itself, whatever the function says. It ignores CORS headers of an integration. */
const ownHeaders = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * What a function returned, as an answer: an object with `statusCode` is one; anything else is the body of a 200
 * in JSON. Undefined for what API Gateway can't use: it answers 500 then.
 */
export function replyOf(result: unknown): Reply | undefined {
  if (typeof result === 'string') return json(result);
  if (!isRecord(result) || !('statusCode' in result)) return json(JSON.stringify(result ?? null));

  const { statusCode, headers, cookies, body, isBase64Encoded } = result;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  const flat = flatten(headers, cookies);
  if (!flat) return undefined;
  const text = body ?? '';
  return { status, headers: flat, body: isBase64Encoded === true ? Buffer.from(text, 'base64') : text };
}

const json = (body: string): Reply => ({ status: 200, headers: ['content-type', 'application/json'], body });

function flatten(headers: unknown, cookies: unknown): string[] | undefined {
  const flat: string[] = [];
  let typed = false;
  if (headers !== undefined && headers !== null) {
    if (!isRecord(headers)) return undefined;
    for (const [name, value] of Object.entries(headers)) {
      const lower = name.toLowerCase();
      if (ownHeaders.has(lower) || lower.startsWith('access-control-')) continue;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
      if (lower === 'content-type') typed = true;
      flat.push(lower, String(value));
    }
  }
  if (!typed) flat.push('content-type', 'text/plain; charset=utf-8');
  if (cookies !== undefined && cookies !== null) {
    if (!Array.isArray(cookies)) return undefined;
    for (const cookie of cookies) flat.push('set-cookie', String(cookie));
  }
  return flat;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
