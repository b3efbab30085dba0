import { Problem, type ProblemOptions, problem, problems } from '#domain/problem.ts';
import type { GatewayReply } from './event.ts';
import { everyAnswer, present } from './headers.ts';

const transientNames = new Set([
  'TimeoutError',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'InternalServerError',
  'KMSInternalException',
  'DependencyTimeoutException',
  'KeyUnavailableException',
]);
const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);

/** Whether what was answered could not be read: not HTTP (node's HPE_ codes), or nothing that the SDK could parse. */
const isUnreadable = (error: Error): boolean =>
  ('code' in error && String(error.code).startsWith('HPE_')) || ('$response' in error && !('$fault' in error));

/** Whether something outside failed in a way that may be over soon. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (transientNames.has(error.name) || networkCodes.has(code) || isUnreadable(error)) return true;
  return '$retryable' in error || isTransient(error.cause);
}

/** Any error as a refusal: what is not one already says nothing of itself to the caller. */
export function refusalOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isTransient(error)) {
    const detail =
      'A service that this needs did not answer. Nothing was lost; try again, with the same Idempotency-Key.';
    return problem('service.unavailable', detail, { retryAfterSeconds: 1, cause: error });
  }
  const detail = 'Something went wrong on our side. The request_id finds it in the log.';
  return problem('internal.error', detail, { cause: error });
}

const challenge = ({ code }: Problem): string | undefined => {
  if (code === 'token.invalid') return 'Bearer error="invalid_token"';
  return problems[code].status === 401 ? 'Bearer' : undefined;
};

const retryAfter = ({ retryAfterSeconds }: ProblemOptions): string | undefined =>
  retryAfterSeconds === undefined ? undefined : String(Math.max(1, Math.ceil(retryAfterSeconds)));

/** A refusal as `application/problem+json` (RFC 9457). */
export function renderRefusal(
  refusal: Problem,
  requestId: string,
  headers: Readonly<Record<string, string>>,
): GatewayReply {
  const { code, message: detail, options } = refusal;
  const { status, title } = problems[code];
  const type = `/docs/problems.md#${code}`;
  const body = { type, title, status, code, detail, request_id: requestId, errors: options.errors };
  return {
    statusCode: status,
    headers: present({
      ...everyAnswer,
      ...headers,
      'content-type': 'application/problem+json',
      'x-request-id': requestId,
      'www-authenticate': challenge(refusal),
      'retry-after': retryAfter(options) ?? (status === 503 ? '1' : undefined),
      ...options.headers,
    }),
    body: JSON.stringify(body),
  };
}
