import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import type { Operation } from '#contract/operation.ts';
import { problem } from '#domain/problem.ts';
import type { OrgScope } from '#domain/scope.ts';
import { host, type Opened, type Service, type Services } from '#runtime/service.ts';
import { assertPermitted } from './admission.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { NodeCaller, UserCaller } from './caller.ts';
import type { GatewayHandler } from './event.ts';
import { admitting, implicitServices } from './middleware/admitting.ts';
import { crowding } from './middleware/crowding.ts';
import { reading } from './middleware/reading.ts';
import { replying } from './middleware/replying.ts';
import type { Once } from './once.ts';
import type { Wait } from './prefer.ts';

/** Who does something, for the audit trail. */
interface Actor {
  readonly uid: string;
  readonly request_id: string;
}

type BodyOf<O extends Operation> = O extends { readonly body: infer B extends z.ZodType } ? z.output<B> : undefined;
type ForUsers<O extends Operation, T> = O['audience'] extends 'user' ? T : undefined;
type InOrganization<O extends Operation> = O['path'] extends '/org/{org_id}' | `/org/{org_id}/${string}` ? true : false;

/** What a function is told of a request: validated, authenticated, and on its way to be authorized. */
export interface Input<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly body: BodyOf<O>;
  readonly caller: O['audience'] extends 'node' ? NodeCaller : ForUsers<O, UserCaller>;
  /** Of paths inside an organization: whoever reads by it lets go of nothing before `scope.member` is known. */
  readonly scope: InOrganization<O> extends true ? OrgScope : undefined;
  readonly by: ForUsers<O, Actor>;
  readonly once: Once | undefined;
  readonly ifMatch: number | undefined;
  readonly wait: Wait;
  /** Epoch milliseconds at which the request came in. */
  readonly now: number;
  readonly requestId: string;
  /** The address under which the caller reached us, without a slash at its end. */
  readonly publicUrl: string;
  /** Where the caller is: an IPv4 address or an IPv6 /64. */
  readonly network: string;
}

/** What a function answers: the body alone, or with headers (`answer`). */
export type Result<O extends Operation> = z.input<O['reply']> | Answer<z.input<O['reply']>>;

/** What a function is, for whoever deploys it: its operation, and all that it is handed. */
export interface Declaration {
  readonly operation: Operation;
  readonly services: readonly Service<unknown>[];
}

/** A function that is ready to be called; there is no other way to make one. */
export type Served = GatewayHandler & { readonly declares: Declaration };

// Lambda's own limit is 30 s, as is API Gateway's: whoever waits is told in time to try again.
const spareMs = 500;
const outOfTime = () => {
  throw problem('service.unavailable', 'This took too long. Try again, with the same Idempotency-Key.', {
    retryAfterSeconds: 1,
  });
};

/** Makes a function of an operation, what it is handed, and what it does. */
export function serve<const O extends Operation, const S extends Services>(
  operation: O,
  services: S,
  handle: (input: Input<O>, services: Opened<S>) => Promise<Result<O>>,
): Served {
  assertPermitted(operation);
  const run = async (call: Call) => handle(inputOf<O>(call), host.openAll(services));
  const handler = middy<Call, unknown>({ timeoutEarlyInMillis: spareMs, timeoutEarlyResponse: outOfTime })
    .use(replying(operation))
    .use(crowding(operation))
    .use(admitting(operation))
    .use(reading(operation))
    .handler(run);
  const declared = [...new Set([...implicitServices(operation), ...Object.values(services)])];
  // The outermost middleware turns an event into a call, and a result into a reply.
  const entry = (event: unknown, context: Context) => handler(event as Call, context);
  return Object.assign(entry as GatewayHandler, { declares: { operation, services: declared } });
}

function inputOf<O extends Operation>(call: Call): Input<O> {
  const { caller, scope, given, once, ifMatch, wait, now, requestId, publicUrl, network } = call;
  const by = caller && 'uid' in caller ? { uid: caller.uid, request_id: requestId } : undefined;
  // The schemas have made the parts what the type says.
  return { ...given, caller, scope, by, once, ifMatch, wait, now, requestId, publicUrl, network } as Input<O>;
}
