import type { Context } from 'aws-lambda';
import { host, type Opened, type Service, type Services } from '#runtime/service.ts';

/** What a scheduled function is told. */
export interface Tick {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Who runs: unique to this run. */
  readonly requestId: string;
  /** How long it may go on, in milliseconds. */
  readonly leftMs: () => number;
}

/** A function that is called by the clock and answers nobody. */
export type Scheduled = ((
  event: unknown,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
) => Promise<void>) & {
  readonly declares: { readonly services: readonly Service<unknown>[] };
};

/** Makes a function that EventBridge calls: what it is handed is what it may do. A failed run is made up for by the next. */
export function scheduled<const S extends Services>(
  services: S,
  run: (tick: Tick, services: Opened<S>) => Promise<void>,
): Scheduled {
  const handler: (...args: Parameters<Scheduled>) => Promise<void> = async (_event, context) => {
    const now = host.clock.now();
    try {
      const leftMs = () => context.getRemainingTimeInMillis();
      await run({ now, requestId: context.awsRequestId, leftMs }, host.openAll(services));
    } catch (error) {
      host.log.error('a scheduled run failed', { request_id: context.awsRequestId, error });
      throw error;
    }
  };
  return Object.assign(handler, { declares: { services: Object.values(services) } });
}
