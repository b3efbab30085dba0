import type { Operation } from '#contract/operation.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { ServiceHost } from '#runtime/service.ts';
import type { settings } from '#runtime/services/settings.ts';
import type { Admission, Rate } from './admission.ts';
import type { NodeCaller, UserCaller } from './caller.ts';
import type { GatewayEvent } from './event.ts';
import type { Given } from './input.ts';
import type { Once } from './once.ts';
import type { Wait } from './prefer.ts';

/** One request on its way through the middlewares: each adds what it finds out. */
export interface Call {
  readonly operation: Operation;
  readonly event: GatewayEvent;
  readonly host: ServiceHost;
  readonly requestId: string;
  readonly publicUrl: string;
  readonly network: string;
  readonly now: number;
  readonly settings: ReturnType<(typeof settings)['open']>;
  admission?: Promise<Admission>;
  rate?: Rate;
  caller?: UserCaller | NodeCaller;
  scope?: OrgScope;
  given?: Given;
  once?: Once | undefined;
  ifMatch?: number | undefined;
  wait?: Wait;
}
