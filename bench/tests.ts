import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { compare, type Measured } from './report.ts';

// Goals that are tests: what is reported is what they count.

const Assertion = z.object({ status: z.string(), meta: z.object({ figures: z.string().optional() }).optional() });
const Report = z.object({
  numPassedTests: z.int(),
  numTotalTests: z.int(),
  testResults: z.array(z.object({ assertionResults: z.array(Assertion) })),
});

/** Runs a test file, at its full size; what its tests put into `task.meta.figures` is for the document. */
async function report(file: string): Promise<z.output<typeof Report>> {
  const folder = await mkdtemp(join(tmpdir(), 'rp-bench-'));
  const outputFile = join(folder, 'report.json');
  try {
    const child = spawn('vitest', ['run', file, '--reporter=json', `--outputFile=${outputFile}`], {
      stdio: 'ignore',
      env: { ...process.env, RUNNER_PILOT_TEST_ALL: '1' },
    });
    await once(child, 'close');
    return Report.parse(JSON.parse(await readFile(outputFile, 'utf8')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function held(goal: string, what: string, file: string): Promise<Measured[]> {
  const { numPassedTests, numTotalTests, testResults } = await report(file);
  const figures = testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ meta }) => meta?.figures ?? []),
  );
  return [
    compare(goal, what, numPassedTests / numTotalTests, {
      target: { atLeast: 1 },
      figures: [`${numPassedTests} of ${numTotalTests} in \`${file}\``, ...figures].join(': '),
    }),
  ];
}

/** Goal 4: the golden table of sequential waits and units. */
export const goldenTable = (): Promise<Measured[]> =>
  held('4', 'part of the golden table of waits and units that holds', 'test/store/costs.test.ts');

/** Goal 8: 1,000 creates over 100 nodes, with a bell that takes one command a second. */
export const throttledBell = (): Promise<Measured[]> =>
  held(
    '8',
    'creates that neither fail nor wait for a bell of one command a second, and start within two sweeps',
    'test/functions/instances/throttled-bell.test.ts',
  );
