import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// One start: loads an artefact, calls it once, and says how long each took. Node's own start is not counted.

const [file = '', event] = process.argv.slice(2);
const context = { awsRequestId: 'probe', functionName: 'probe', getRemainingTimeInMillis: () => 30_000 };

const [from, cpuFrom] = [performance.now(), process.cpuUsage()];
const { handler } = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : createRequire(file)(file);
const [loaded, cpu] = [performance.now(), process.cpuUsage(cpuFrom)];
const answer = event === undefined ? undefined : await handler(JSON.parse(event), context);
const called = performance.now();

const took = { importMs: loaded - from, importCpuMs: (cpu.user + cpu.system) / 1000, callMs: called - loaded };
process.stderr.write(`\n${JSON.stringify({ ...took, status: answer?.statusCode ?? null })}\n`);
process.exit();
