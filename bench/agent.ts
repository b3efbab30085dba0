import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAgent } from '#agent/build.ts';
import { makeMachine } from '#test/agent/machine.ts';
import { containersOf } from '#test/journeys/containers.ts';
import { until } from '#test/journeys/http.ts';
import { ask } from '#test/journeys/tenant.ts';
import { atRest } from './agent/at-rest.ts';
import { loud } from './agent/loud.ts';
import { putSection } from './document.ts';
import { lineOf, type Measured, machine, row } from './report.ts';
import { openStage } from './stage.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 120)) throw new Error(`--minutes is ${values.minutes}; it must be above 0, up to 120.`);

const [loadBefore = 0] = loadavg();
const measured: Measured[] = [];
{
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rp-bench-agent-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const stage = stack.use(await openStage({ RUNNER_PILOT_RATE_JOURNAL: '100000/0.001' }));
  const { api } = stage.tenant;
  // As it is installed on a customer's machine: the bundle, with the flags of the installer's unit.
  const { path } = await buildAgent(folder);
  const flags = '--max-semi-space-size=1 --max-old-space-size=64';
  const far = makeMachine(
    stage.mode.url,
    { NODE_OPTIONS: flags, RUNNER_PILOT_LOG_BYTES_PER_SECOND: '100000000' },
    path,
  );
  stack.use(far);
  const { uid: node, enrollment } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });
  await far.enroll(node, /--code (\S+)/.exec(enrollment.command)?.[1] ?? '');
  const agent = far.start();
  await until('the node to be online', async () => {
    const { connection, facts } = await ask(api, 'GET', `/org/GT/nodes/${node}`);
    return connection === 'online' && facts?.engine;
  });

  const tell = (figures: readonly Measured[]) => {
    for (const one of figures) {
      measured.push(one);
      process.stdout.write(`${lineOf(one)}\n`);
    }
  };
  // At rest first: the heap keeps what it has grown by.
  tell(await atRest(stage, node, agent.pid ?? 0, { instances: 10, minutes }));
  tell(await loud(stage, node, agent.pid ?? 0));
  await until('all containers to be gone', async () => (await containersOf(stage.deployment)).length === 0, 60);
}

putSection('The agent: `npm run bench:agent`', [
  `Goal 11, measured on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC: the bundled agent with the flags of the installer's unit, on a real`,
  'engine, against local mode on the same machine. It syncs and beats each 5 s, three times as often as in AWS.',
  '',
  ...machine([loadBefore, loadavg()[0] ?? 0]),
  '',
  row(['what', 'measured', 'goal is', 'met', 'figures']),
  row(['---', '---', '---', '---', '---']),
  ...measured.map(({ what, value, target, met, figures }) =>
    row([what, value, target, met ? 'yes' : '**no**', figures]),
  ),
]);
process.stdout.write('Written to docs/soak.md.\n');
process.exit();
