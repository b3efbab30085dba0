import type middy from '@middy/core';
import type { Operation } from '#contract/operation.ts';
import type { Problem } from '#domain/problem.ts';
import { host } from '#runtime/service.ts';
import { settings } from '#runtime/services/settings.ts';
import type { Call } from '../call.ts';
import { type GatewayEvent, publicUrlOf, requestIdOf } from '../event.ts';
import { rateHeaders } from '../headers.ts';
import { networkOf } from '../network.ts';
import { refusalOf, renderRefusal } from '../refusal.ts';
import { renderReply } from '../reply.ts';

function open(operation: Operation, event: GatewayEvent): Call {
  const known = host.use(settings);
  return {
    operation,
    event,
    host,
    requestId: requestIdOf(event),
    publicUrl: publicUrlOf(event, known.publicUrl),
    network: networkOf(event.requestContext.http.sourceIp),
    now: host.clock.now(),
    settings: known,
  };
}

function report(call: Call, status: number, refusal?: Problem): void {
  const { operation, event, requestId, caller, scope, now } = call;
  const apiRequestId = event.requestContext.requestId;
  const fields = {
    request_id: requestId,
    api_request_id: apiRequestId === requestId ? undefined : apiRequestId,
    operation: operation.id,
    status,
    code: refusal?.code,
    duration_ms: host.clock.now() - now,
    organization: scope?.org,
    user: caller && 'uid' in caller ? caller.uid : undefined,
    node: caller && 'node' in caller ? caller.node : undefined,
  };
  // To be too busy is our own decision where nothing has failed, and needs no stack for each of a thousand.
  const busy = refusal?.code === 'service.unavailable' && refusal.cause === undefined;
  if (busy) host.log.warn('request refused', fields);
  else if (status >= 500) host.log.error('request failed', { ...fields, error: refusal });
  else host.log.info('request', fields);
}

/** Turns an event into a call, a result into a reply, and whatever was thrown into a refusal. */
export const replying = (operation: Operation): middy.MiddlewareObj<Call, unknown> => ({
  before: (request) => {
    request.event = open(operation, request.event as unknown as GatewayEvent);
  },
  after: async (request) => {
    const call = request.event;
    await call.admission;
    const reply = renderReply(call, request.response);
    report(call, reply.statusCode);
    request.response = reply;
  },
  onError: async (request) => {
    const call = request.event;
    if (!('operation' in call)) return; // The environment does not fit: Lambda's own error says so.
    // Who may not be here is told that, and nothing of what else was wrong.
    const [admission] = await Promise.allSettled([call.admission]);
    const refusal = refusalOf(admission.status === 'rejected' ? admission.reason : request.error);
    report(call, refusal.status, refusal);
    request.response = renderRefusal(refusal, call.requestId, rateHeaders(call.rate));
  },
});
