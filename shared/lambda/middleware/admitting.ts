import type middy from '@middy/core';
import type { Operation } from '#contract/operation.ts';
import { orgId } from '#domain/organization.ts';
import { problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Service } from '#runtime/service.ts';
import { access } from '#runtime/services/access.ts';
import { settings } from '#runtime/services/settings.ts';
import { throttles } from '#runtime/services/throttles.ts';
import { tokens } from '#runtime/services/tokens.ts';
import { type Admission, admit, inOrganization, policyOf } from '../admission.ts';
import type { Call } from '../call.ts';
import { bearerOf, nodeCallerOf } from '../caller.ts';

/** What a function is handed besides what it names: that by which its callers are known and admitted. */
export const implicitServices = (operation: Operation): readonly Service<unknown>[] => [
  settings,
  ...(operation.audience === 'user' ? [tokens, access] : []),
  ...(policyOf(operation) ? [throttles] : []),
];

const absent = () => problem('internal.error', 'The admission knows no such row.');

/** The one place that makes the right to reach into an organization. */
function scopeOf(org: string, admission: Promise<Admission>): OrgScope {
  const member = admission.then((admitted) => admitted.member ?? Promise.reject(absent()));
  member.catch(() => {}); // Whoever reads by the scope awaits it; a function that ends before must not end the process.
  return { org, member } as OrgScope;
}

async function start(call: Call): Promise<void> {
  const { operation, event, host, network } = call;
  if (operation.audience === 'node') call.caller = nodeCallerOf(event);
  const session = operation.audience === 'user' ? await host.use(tokens).verify(bearerOf(event)) : undefined;
  const org = inOrganization(operation) ? orgId(event.pathParameters?.org_id ?? '') : undefined;
  const admission = admit({
    operation,
    session,
    org,
    network,
    access: session && host.use(access),
    limits: policyOf(operation) && host.use(throttles),
    onRate: (rate) => {
      call.rate = rate;
    },
  });
  admission.catch(() => {}); // Awaited by the reply, at the latest.
  call.admission = admission;
  if (session) {
    const user = admission.then((admitted) => admitted.user ?? Promise.reject(absent()));
    user.catch(() => {});
    call.caller = { uid: session.user, user };
  }
  if (org !== undefined) call.scope = scopeOf(org, admission);
}

/** Finds out who calls, and starts to find out whether they may: functions read meanwhile. */
export const admitting = (operation: Operation): middy.MiddlewareObj<Call, unknown> => ({
  before: async (request) => {
    await start(request.event);
    // Without a scope that holds a change back, it has to wait here.
    if (operation.method !== 'GET' && request.event.scope === undefined) await request.event.admission;
  },
});
