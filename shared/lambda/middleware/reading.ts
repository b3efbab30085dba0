import type middy from '@middy/core';
import type { Operation } from '#contract/operation.ts';
import type { Call } from '../call.ts';
import { headerOf } from '../event.ts';
import { readIfMatch } from '../if-match.ts';
import { readInput } from '../input.ts';
import { readOnce } from '../once.ts';
import { readPrefer } from '../prefer.ts';

/** Reads what the request says: path, query, body, and the headers that the operation knows. */
export const reading = (operation: Operation): middy.MiddlewareObj<Call, unknown> => ({
  before: ({ event: call }) => {
    const { event, caller, settings } = call;
    call.given = readInput(operation, event);
    if (operation.idempotent && caller && 'uid' in caller) {
      call.once = readOnce(event, operation.id, caller.uid, call.given.body);
    }
    if (operation.versioned && operation.method === 'PUT') call.ifMatch = readIfMatch(headerOf(event, 'if-match'));
    if (operation.waits) call.wait = readPrefer(headerOf(event, 'prefer'), settings.waitSeconds);
  },
});
