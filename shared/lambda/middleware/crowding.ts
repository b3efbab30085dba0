import type middy from '@middy/core';
import type { Operation } from '#contract/operation.ts';
import { problem } from '#domain/problem.ts';
import { policyOf } from '../admission.ts';
import type { Call } from '../call.ts';

/** How many strangers one process serves at once, by operation. Lambda gives a process one call at a time. */
const atOnce = 32;

/**
 * Refuses at once what strangers ask beyond that, before anything is read or written for them: a thousand logins would
 * otherwise queue up some thousands of writes, before those of everybody else.
 */
export const crowding = (operation: Operation): middy.MiddlewareObj<Call, unknown> => {
  const ofStrangers = policyOf(operation)?.by === 'network';
  const inside = new Set<Call>();
  const leave = ({ event }: { readonly event: Call }) => void inside.delete(event);
  return {
    before: ({ event }) => {
      if (!ofStrangers) return;
      if (inside.size >= atOnce)
        throw problem('service.unavailable', 'Too many do this right now. Try again.', { retryAfterSeconds: 1 });
      inside.add(event);
    },
    after: leave,
    onError: leave,
  };
};
