import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadInstallation } from '#local/aws/installation.ts';
import { plainImage } from '#local/demo/images.ts';
import { region, tableName } from '#local/surroundings.ts';
import { violations } from '#test/invariants.ts';
import { containersOf } from '#test/journeys/containers.ts';
import { until } from '#test/journeys/http.ts';
import { canary } from '#test/journeys/tenant.ts';
import { tableRows } from '#test/table-rows.ts';
import { putSection } from './document.ts';
import { machine, row } from './report.ts';
import { bearLoad, type Done } from './soak/load.ts';
import { type Sample, sampleOf, seriesOf } from './soak/sample.ts';
import { courseOf } from './soak/series.ts';
import { openStage, type Stage } from './stage.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 6 || minutes > 24 * 60) {
  throw new Error(`--minutes is ${values.minutes}; it must be a whole number from 6 (a sixth each) to 1440.`);
}

const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
const [loadBefore = 0] = loadavg();
const samples: Sample[] = [];
const done: Done = { lives: 0, reads: 0, refusals: 0, failures: [] };

/** What is left once all was deleted; nothing, if all is well. */
async function leftOf({ mode, deployment, github }: Stage): Promise<string[]> {
  let left: string[] = [];
  const look = async () => {
    const containers = await containersOf(deployment);
    const rows = await tableRows({ dynamoDbEndpoint: mode.dynamoDbEndpoint, tableName });
    left = [
      ...containers.map(({ name }) => `the container ${name}`),
      ...github.runners().map(({ name }) => `the runner ${name} at GitHub`),
      ...violations(rows, { now: Date.now(), sweepMs: 5000, secrets: [canary], containers }),
    ];
    return left.length === 0;
  };
  await until('nothing to be left', look, 120).catch(() => undefined);
  return left;
}

const say = (what: string) => process.stdout.write(`${what}\n`);

const { left, dataMb } = await (async () => {
  // As `npm start` starts it.
  const stageOptions = { NODE_OPTIONS: '--max-semi-space-size=4', RUNNER_PILOT_RATE_JOURNAL: '1000/0.01' };
  await using stage = await openStage(stageOptions);
  const { accessKeyId, secretAccessKey } = loadInstallation(stage.folder);
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const load = bearLoad(stage, plainImage, over.signal, done);
  for (let minute = 1; minute <= minutes && !over.signal.aborted; minute++) {
    await sleep(60_000, undefined, { signal: over.signal }).catch(() => undefined);
    const sample = await sampleOf(stage);
    samples.push(sample);
    say(`${minute}: ${JSON.stringify(sample)}, ${done.lives} lives, ${done.failures.length} failures`);
  }
  over.abort();
  await load;
  return { left: await leftOf(stage), dataMb: samples.at(-1)?.diskMb ?? 0 };
})();

const courses = seriesOf(samples).map((series) => ({ ...series, ...courseOf(series) }));
const [first, last] = [samples[0], samples.at(-1)];
const grown = (last?.restingRows ?? 0) - (first?.restingRows ?? 0);
const wrongs = [...done.failures, ...left];
const isFlat = courses.every(({ flat }) => flat);

putSection('Local mode under a steady load: `npm run soak`', [
  `${samples.length} minutes on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC: an instance each 6 s that does a job and goes, ` +
    `and 4 reads a second. ${done.lives} lives, ${done.reads} reads, ${done.refusals} requests that were told to come again later, ${wrongs.length === 0 ? 'nothing went wrong, and nothing was left' : `${wrongs.length} things went wrong`}.`,
  '',
  ...machine([loadBefore, loadavg()[0] ?? 0]),
  '',
  'Read each minute; the columns are medians of the sixths of that time. Flat is what has in its last third no more',
  'than a tenth above its second sixth (due rows: not more than two sweeps).',
  '',
  row(['what', '1', '2', '3', '4', '5', '6', 'last third against second sixth', 'flat']),
  row(['---', '--:', '--:', '--:', '--:', '--:', '--:', '--:', '---']),
  ...courses.map(({ what, unit, digits, sixths, early, late, flat }) =>
    row([
      what,
      ...sixths.map((one) => one.toFixed(digits)),
      `${late.toFixed(digits)} against ${early.toFixed(digits)}${unit}`,
      flat ? 'yes' : '**no**',
    ]),
  ),
  '',
  `What stays until it expires after 30 days is meant to grow: ${(grown / Math.max(1, done.lives)).toFixed(1)} rows and ` +
    `${((((last?.diskMb ?? 0) - (first?.diskMb ?? 0)) / Math.max(1, done.lives)) * 1000).toFixed(0)} KB of disk a life, ${dataMb.toFixed(0)} MB at the end.`,
  ...(wrongs.length === 0 ? [] : ['', 'What went wrong:', '', ...wrongs.slice(0, 20).map((one) => `- ${one}`)]),
]);
say(isFlat && wrongs.length === 0 ? 'Flat.' : `Not well: ${JSON.stringify({ wrongs: wrongs.slice(0, 5) })}`);
say('Written to docs/soak.md.');
process.exit(isFlat && wrongs.length === 0 ? 0 : 1);
