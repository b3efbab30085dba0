import { type Problem, problem } from '#domain/problem.ts';

const transient = new Set([
  'TransactionConflictException',
  'TransactionInProgressException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'InternalServerError',
  'InternalServerErrorException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
]);

// Reasons for which a whole transaction is cancelled although nothing is wrong with it.
const transientReasons = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const networkCodes = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

/** What an error of the SDK says, as far as we ask. */
interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** Whose mistake it was: only an error that the service itself has answered has it. */
  readonly $fault?: string;
  /** What was answered, of every error that comes from an answer. */
  readonly $response?: unknown;
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

const asSdkError = (error: unknown): SdkError => (error instanceof Error ? (error as SdkError) : {});

/** Whether there was an answer that nobody can read: cut, garbled, or not even HTTP (node's HPE_ codes). */
const isUnreadable = ({ code = '', $fault, $response }: SdkError): boolean =>
  code.startsWith('HPE_') || ($response !== undefined && $fault === undefined);

/** Whether the same request may succeed if it is sent again. */
export function isTransient(error: unknown): boolean {
  const sdkError = asSdkError(error);
  const { name = '', code = '', $metadata, CancellationReasons = [] } = sdkError;
  if (name === 'TransactionCanceledException')
    return CancellationReasons.some(({ Code = '' }) => transientReasons.has(Code));
  if (transient.has(name) || networkCodes.has(code) || isUnreadable(sdkError)) return true;
  return ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** Turns an error of the SDK into a problem: nothing of the SDK leaves the store, but as its cause, for the log. */
export function translated(error: unknown): Problem {
  if (isTransient(error))
    return problem('service.unavailable', 'The table is busy. Please try again in a moment.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  return problem('internal.error', 'The table refused a request that it should have taken.', { cause: error });
}
