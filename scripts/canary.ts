import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startCloud } from '#local/cloud.ts';
import { comparable, differences } from './canary/compare.ts';
import { type Step, tour } from './canary/tour.ts';

// `npm run canary -- --url https://…`: the same tour through a deployed API and through local mode, and where they
// differ. It needs no credentials of AWS, and makes a user with two organizations, which stay.

/** What is another on every installation, or set by its stage. */
const expected = [
  /\.region$/,
  /\.(poll|beat|reap)_seconds$/,
  /\.telemetry(\.|$)/,
  /\.deployment$/,
  /\.labels\.\d+$/,
  /\.agent\./,
];

const usage = 'usage: npm run canary -- --url https://… [--verbose]';

/** Walks both ways; the answer is how many differences there are. */
async function canary(url: string, verbose: boolean): Promise<number> {
  const address = url.replace(/\/+$/, '');
  const shown = (where: string) => (step: Step) => {
    if (verbose) console.log(`${where} ${step.status} ${step.step}`);
  };
  // Two names of the same length and form: what is made from them then differs in nothing else.
  const [here, there] = [randomBytes(5).toString('hex'), randomBytes(5).toString('hex')];
  await using cloud = await startCloud({
    agent: false,
    sweepSeconds: 0,
    env: { RUNNER_PILOT_LOG_LEVEL: 'ERROR', RUNNER_PILOT_GITHUB_API_URL: 'http://127.0.0.1:9' },
  });
  const local = await tour({ url: cloud.url, tag: here, onStep: shown('local   ') });
  const deployed = await tour({ url: address, tag: there, onStep: shown('deployed') });
  const found = differences(
    comparable(local, { tag: here, url: cloud.url }),
    comparable(deployed, { tag: there, url: address }),
    expected,
  );
  for (const { step, path, here: one, there: other } of found) {
    console.log(`${step}: ${path}\n  local    ${JSON.stringify(one)}\n  deployed ${JSON.stringify(other)}`);
  }
  console.log(`${deployed.length} answers of ${address} compared with local mode: ${found.length} differences.`);
  return found.length;
}

const { values } = parseArgs({ options: { url: { type: 'string' }, verbose: { type: 'boolean', default: false } } });
if (!values.url) {
  console.error(usage);
  process.exitCode = 2;
} else {
  process.exitCode = (await canary(values.url, values.verbose)) === 0 ? 0 : 1;
}
