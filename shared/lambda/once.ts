import { createHash } from 'node:crypto';
import { problem } from '#domain/problem.ts';
import { type GatewayEvent, headerOf } from './event.ts';

/** A request that may have its effect once: whose key it is, and the hash of path and body that it is bound to. */
export interface Once {
  readonly user: string;
  readonly operation: string;
  readonly key: string;
  readonly hash: string;
}

const keyForm = /^[!-~]{1,128}$/;

/** Reads `Idempotency-Key`. Bound to the path and to the body as it was understood, not as it was spelled. */
export function readOnce(event: GatewayEvent, operation: string, user: string, body: unknown): Once | undefined {
  const key = headerOf(event, 'idempotency-key');
  if (key === undefined) return undefined;
  if (!keyForm.test(key)) {
    throw problem(
      'request.malformed',
      'Idempotency-Key has to be 1 to 128 characters of visible ASCII without blanks.',
    );
  }
  const hash = createHash('sha256')
    .update(`${event.rawPath}\n${canonicalJson(body)}`)
    .digest('base64url');
  return { user, operation, key, hash };
}

/** JSON with sorted members. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
