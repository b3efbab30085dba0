import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// One start: loads an artefact, calls it once, and says how long each took. Node's own start is not counted.

const [file = '', event] = process.argv.slice(2);
const context = { awsRequestId: 'probe', functionName: 'probe', getRemainingTimeInMillis: () => 30_000 };

const from = performance.now();
const { handler } = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : createRequire(file)(file);
const loaded = performance.now();
const answer = event === undefined ? undefined : await handler(JSON.parse(event), context);
const called = performance.now();

process.stderr.write(
  `\n${JSON.stringify({ importMs: loaded - from, callMs: called - loaded, status: answer?.statusCode ?? null })}\n`,
);
process.exit();
