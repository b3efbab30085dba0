import { setTimeout as sleep } from 'node:timers/promises';
import { caller } from '#test/journeys/http.ts';
import { programOf, residentMb } from './processes.ts';
import { compare, type Measured } from './report.ts';
import { latencies, serve, throughput } from './servers.ts';
import type { Stage } from './stage.ts';
import { median } from './statistics.ts';

/** Goal 10, the gateway: an empty function against Node's own server, in turn. */
export async function gateway({
  rounds,
  seconds,
}: {
  readonly rounds: number;
  readonly seconds: number;
}): Promise<Measured> {
  await using plain = await serve('gateway/plain.ts');
  await using empty = await serve('gateway/empty.ts');
  const found = { plain: [] as number[], empty: [] as number[] };
  await throughput(plain.url, 1);
  await throughput(`${empty.url}/org/GT`, 1);
  for (let round = 0; round < rounds; round++) {
    found.plain.push(await throughput(plain.url, seconds));
    found.empty.push(await throughput(`${empty.url}/org/GT`, seconds));
  }
  const [ours, theirs] = [median(found.empty), median(found.plain)];
  return compare('10', 'requests a second: gateway with an empty function, against `node:http`', ours / theirs, {
    target: { atLeast: 0.8 },
    figures: `${ours.toFixed(0)} against ${theirs.toFixed(0)}, ${rounds} rounds, 10 connections`,
  });
}

/** Goal 10, reads: against the empty function, in turn, over ten connections; over one, for comparison. */
export async function reads(stage: Stage, times: number): Promise<Measured[]> {
  await using empty = await serve('gateway/empty.ts');
  const { mode, tenant } = stage;
  const { token } = tenant;
  const paths = { organization: '/org/GT', node: `/org/GT/nodes/${tenant.node}`, 'list of nodes': '/org/GT/nodes' };

  const compareOver = async (connections: number, path: string) => {
    const took = { read: [] as number[], empty: [] as number[] };
    for (let round = 0; round < 4; round++) {
      took.read.push(...(await latencies(`${mode.url}${path}`, { times: times / 4, connections, token })));
      took.empty.push(...(await latencies(`${empty.url}${path}`, { times: times / 4, connections })));
    }
    const [read, none] = [median(took.read), median(took.empty)];
    return { ratio: read / none, figures: `${read.toFixed(2)} against ${none.toFixed(2)} ms` };
  };

  const measured: Measured[] = [];
  for (const [what, path] of Object.entries(paths)) {
    await latencies(`${mode.url}${path}`, { times: times / 4, connections: 10, token });
    const [ten, one] = [await compareOver(10, path), await compareOver(1, path)];
    measured.push(
      compare('10', `read of the ${what}, p50, against an empty function`, ten.ratio, {
        target: { atMost: 4 },
        digits: 1,
        figures: `10 connections: ${ten.figures}; one: ${one.figures}, ${one.ratio.toFixed(1)}`,
      }),
    );
  }
  return measured;
}

/** Goal 10, memory: all processes, at rest for ten seconds. npm is not among them. */
export async function memory({ mode }: Stage, after: string): Promise<Measured> {
  await sleep(10_000);
  const pids = mode.processes();
  const sum = (field: 'Rss' | 'Pss') => pids.reduce((total, pid) => total + residentMb(pid, field), 0);
  const each = pids.map((pid) => `${programOf(pid)} ${residentMb(pid, 'Rss').toFixed(0)}`);
  return compare('10', `memory at rest after ${after}, all processes`, sum('Rss'), {
    target: { atMost: 250 },
    unit: ' MB',
    digits: 0,
    figures: `${each.join(', ')}; with shared pages counted once ${sum('Pss').toFixed(0)} in all`,
  });
}

/** Goal 10, the start: from `npm start` until it answers, on a folder that is there. Leaves it running. */
export async function starts(stage: Stage, times: number): Promise<Measured> {
  const found: number[] = [];
  for (let index = 0; index < times; index++) {
    await stage.mode.stop();
    const { readyMs, url } = await stage.restart(['npm', 'start']);
    const { status } = await caller(url)('GET', '/health');
    if (status !== 200) throw new Error(`/health answered ${status} right after the start.`);
    found.push(readyMs / 1000);
  }
  return compare('10', 'ready, from `npm start`, p50', median(found), {
    target: { atMost: 2 },
    unit: ' s',
    figures: `${found.map((one) => one.toFixed(2)).join(', ')} s`,
  });
}
