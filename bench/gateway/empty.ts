import { operations } from '#contract/operations.ts';
import { corsOf } from '#local/callers.ts';
import { startGateway } from '#local/gateway.ts';

// The gateway with all of our routes and a function that does nothing.
const body = JSON.stringify({ message: 'ok' });
const gateway = await startGateway({
  port: 0,
  host: '127.0.0.1',
  routes: operations,
  load: async () => async () => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body }),
  cors: corsOf({}),
  allowedHosts: [],
  onError: (what, error) => process.stderr.write(`${what}: ${error}\n`),
});
process.stdout.write(`${gateway.url}\n`);
process.stdin.on('end', () => process.exit()).resume();
