import { registerHooks } from 'node:module';
import type { Handler } from '#local/gateway/functions.ts';

// A process with the functions and nothing else, behind a gateway: what is killed. It ends with whoever started it.
process.once('disconnect', () => process.exit());

const steered = new URL('clock.ts', import.meta.url).href;
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url.endsWith('/shared/runtime/clock.ts') ? { ...found, url: steered } : found;
  },
});

const { operations } = await import('#contract/operations.ts');
const { loadFunction, scheduledEvent } = await import('#local/functions.ts');
const { startGateway } = await import('#local/gateway.ts');
const { setAhead } = await import('./clock.ts');

interface Event {
  readonly headers: Readonly<Record<string, string>>;
}

/** A function that goes by the time of its request; a request to the sweep is a tick. */
async function load(operationId: string): Promise<Handler> {
  const handler = await loadFunction(operationId);
  return async (event, context) => {
    setAhead(Number((event as Event).headers['x-ahead-ms']));
    if (operationId !== 'sweep.run') return handler(event, context);
    await handler(scheduledEvent(context.awsRequestId, Date.now()) as never, context);
    return { statusCode: 204 };
  };
}

const gateway = await startGateway({
  port: 0,
  host: '127.0.0.1',
  routes: [...operations, { id: 'sweep.run', method: 'POST', path: '/sweep' }],
  fallback: 'system.fallback',
  load,
  cors: { origins: [], methods: [], allowHeaders: [], exposeHeaders: [], maxAgeSeconds: 0 },
  allowedHosts: [],
  onError: (what, error) => console.error(what, error),
  timeoutMs: 60_000,
});
process.send?.({ port: gateway.port });
