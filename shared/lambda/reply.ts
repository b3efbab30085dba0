import type { Operation } from '#contract/operation.ts';
import { type AnswerOptions, isAnswer } from './answer.ts';
import type { Call } from './call.ts';
import type { GatewayReply } from './event.ts';
import { everyAnswer, present, rateHeaders } from './headers.ts';
import { etagOf } from './if-match.ts';
import { linkOf } from './link.ts';

/** The reply as its schema has it: members that the contract does not know never leave. */
function fitting(operation: Operation, body: unknown): unknown {
  const parsed = operation.reply.safeParse(body);
  if (parsed.success) return parsed.data;
  // Paths and codes only: what did not fit may be a secret.
  const where = parsed.error.issues.map(({ path, code }) => `${path.join('.')} (${code})`).join(', ');
  throw new Error(`The reply of ${operation.id} does not fit its schema: ${where}`);
}

/** A function's result as the gateway takes it. */
export function renderReply(call: Call, result: unknown): GatewayReply {
  const { operation, event, publicUrl, requestId } = call;
  const { body, options }: { body: unknown; options: AnswerOptions } = isAnswer(result)
    ? result
    : { body: result, options: {} };
  const fits = fitting(operation, body);
  return {
    statusCode: 200,
    headers: present({
      ...everyAnswer,
      ...rateHeaders(call.rate),
      'content-type': operation.mediaType ? `${operation.mediaType}; charset=utf-8` : 'application/json',
      'x-request-id': requestId,
      etag: operation.versioned && options.version !== undefined ? etagOf(options.version) : undefined,
      link: linkOf(`${publicUrl}${encodeURI(event.rawPath)}`, event.rawQueryString, options),
      'preference-applied': call.wait?.applied,
      ...(options.contentSecurityPolicy && { 'content-security-policy': options.contentSecurityPolicy }),
    }),
    body: operation.mediaType ? String(fits) : JSON.stringify(fits),
  };
}
