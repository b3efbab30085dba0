import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findEngine } from '#local/engine.ts';
import { coldStarts } from './cold-start.ts';
import { instances } from './instances.ts';
import { gateway, memory, reads, starts } from './local-mode.ts';
import { logins } from './logins.ts';
import { documentOf, lineOf, type Measured } from './report.ts';
import { openStage } from './stage.ts';
import { sweepBesideMany } from './sweep.ts';
import { pages } from './table.ts';
import { goldenTable, throttledBell } from './tests.ts';

// All of it within five minutes: the parts are bounded one by one. What takes minutes of its own is asked for: `--long`.
const long = process.argv.includes('--long');
const [loadBefore = 0] = loadavg();
const measured: Measured[] = [];
const missing = [
  ...(long
    ? []
    : ['goals 8 and 9 in full: they take some minutes, `npm run bench -- --long`; each is held by a test of a tenth']),
  'goal 12: computed from counted operations, in [costs.md](costs.md)',
  'goal 11: the agent over an hour',
];

async function measure(part: string, work: () => Promise<readonly Measured[]>): Promise<void> {
  const from = performance.now();
  try {
    for (const one of await work()) {
      measured.push(one);
      process.stdout.write(`${lineOf(one)}\n`);
    }
  } catch (error) {
    process.exitCode = 1;
    const why = error instanceof Error ? error.message : String(error);
    missing.unshift(`${part}, which failed: ${why.split('\n')[0]}`);
    process.stderr.write(`${part} could not be measured: ${why}\n`);
  }
  process.stdout.write(`       (${part}: ${((performance.now() - from) / 1000).toFixed(0)} s)\n`);
}

await measure('goals 1 to 3', () => coldStarts({ rounds: 8 }));
await measure('goal 4', goldenTable);
await measure('goal 5', pages);
if (long) {
  await measure('goal 8', throttledBell);
  await measure('goal 9', sweepBesideMany);
}
await measure('goal 10, the gateway', async () => [await gateway({ rounds: 3, seconds: 3 })]);
const engine = await findEngine(process.env);
if (engine.host === undefined) {
  missing.unshift(`goals 6, 7 and 10: they need a Docker engine (${engine.problem}); \`npm run engine\` sees to one`);
} else {
  await using stage = await openStage();
  await measure('goal 10, reads', () => reads(stage, 400));
  await measure('goal 10, memory', async () => [await memory(stage, 'the reads')]);
  await measure('goals 6 and 7', () => instances(stage, { pairs: 20, rounds: 3, withinMs: 100_000 }));
  await measure('a flood of logins', async () => [await logins(stage)]);
  await measure('goal 10, the start', async () => [await starts(stage, 3), await memory(stage, 'a start')]);
}

writeFileSync(
  fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url)),
  documentOf(measured, missing, loadBefore),
);
process.stdout.write('Written to docs/benchmarks.md.\n');
process.exit();
