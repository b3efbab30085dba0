import type * as z from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { readEnvironment } from './config.ts';
import { type Ids, systemIds } from './ids.ts';
import { type Log, levelOf, openLog } from './log.ts';

/** What a grant is about; `infra` knows the ARNs. */
export type Resource =
  | 'table'
  | 'table-index'
  | 'throttle-rows'
  | 'signing-key'
  | 'data-key'
  | 'log-group'
  | 'telemetry-role'
  | 'activation-role'
  | 'sync-document'
  | 'managed-instances'
  | 'any';

/** What a service has to be allowed in AWS. */
export interface Grant {
  readonly on: Resource;
  readonly actions: readonly string[];
}

/** What every service finds when it is opened. */
export interface ServiceContext {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Another service; it must be named in `uses`. */
  use<T>(service: Service<T>): T;
}

/** A thing that a function may be handed. */
export interface Service<T> {
  readonly id: string;
  /** The environment that it reads: names of variables to their schemas. */
  readonly config: z.ZodObject;
  readonly uses: readonly Service<unknown>[];
  readonly grants: readonly Grant[];
  open(environment: Environment, context: ServiceContext): T;
}

/** The environment of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A record of services, by the name under which a function is handed them. */
export type Services = Readonly<Record<string, Service<unknown>>>;

/** What a function is handed for a record of services. */
export type Opened<S extends Services> = { readonly [K in keyof S]: S[K] extends Service<infer T> ? T : never };

/** Describes a service: `open` gets its part of the environment, parsed. */
export const service = <C extends z.ZodObject, T>(definition: {
  readonly id: string;
  readonly config: C;
  readonly uses?: readonly Service<unknown>[];
  readonly grants?: readonly Grant[];
  readonly open: (config: z.output<C>, context: ServiceContext) => T;
}): Service<T> =>
  Object.freeze({
    id: definition.id,
    config: definition.config,
    uses: definition.uses ?? [],
    grants: definition.grants ?? [],
    open: (environment: Environment, context: ServiceContext) =>
      definition.open(readEnvironment(definition.config, environment), context),
  });

/** Every service of a record with those they use, each once: what a function's environment and role are made from. */
export function reachable(services: readonly Service<unknown>[]): readonly Service<unknown>[] {
  const seen = new Set<Service<unknown>>();
  const visit = (one: Service<unknown>): void => {
    if (seen.has(one)) return;
    for (const other of one.uses) visit(other);
    seen.add(one);
  };
  for (const one of services) visit(one);
  return [...seen];
}

/** Opens services when they are first asked for, each once. */
export interface ServiceHost extends ServiceContext {
  openAll<S extends Services>(services: S): Opened<S>;
}

/** A host of services over an environment; tests hand it their own clock. */
export function serviceHost(
  environment: Environment,
  parts: { readonly clock?: Clock; readonly ids?: Ids; readonly log?: Log } = {},
): ServiceHost {
  const opened = new Map<Service<unknown>, unknown>();
  const { clock = systemClock, ids = systemIds, log = openLog() } = parts;
  const contextOf = (user: Service<unknown>): ServiceContext => ({
    clock,
    ids,
    log,
    use: (other) => {
      if (user.uses.includes(other)) return use(other);
      throw new Error(`The service "${user.id}" uses "${other.id}": name it in its \`uses\`.`);
    },
  });
  function use<T>(one: Service<T>): T {
    if (!opened.has(one)) opened.set(one, one.open(environment, contextOf(one)));
    return opened.get(one) as T;
  }
  return {
    clock,
    ids,
    log,
    use,
    openAll: <S extends Services>(services: S) =>
      Object.fromEntries(Object.entries(services).map(([name, one]) => [name, use(one)])) as Opened<S>,
  };
}

/** The services of this process: one connection, one cache, for all functions in it. */
export const host: ServiceHost = serviceHost(process.env, {
  log: openLog(levelOf(process.env.RUNNER_PILOT_LOG_LEVEL)),
});
