/** Request headers that a page of another origin may send. */
export const corsAllowHeaders: readonly string[] = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'prefer',
  'x-request-id',
];

/** Reply headers that a page of another origin may read (there is no wildcard for part of a name). */
export const corsExposeHeaders: readonly string[] = [
  'link',
  'etag',
  'retry-after',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'x-request-id',
  'preference-applied',
];

/** Methods that a page of another origin may use. */
export const corsMethods: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE'];

/** How long a browser may remember what it may do: the most that Chrome obeys. */
export const corsMaxAgeSeconds = 7_200;
