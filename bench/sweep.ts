import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { startCloud } from '#local/cloud.ts';
import { startDynamoDb } from '#local/dynamodb.ts';
import { clientOf } from '#test/store/engines.ts';
import { type World, worldOn } from '#test/store/world.ts';
import { meter, nothing, type Tally } from '../scripts/costs/count.ts';
import { compare, type Measured } from './report.ts';
import { median, timed } from './statistics.ts';

const due = 50;

/** What sweeps have taken beside so many rows at rest. */
export interface Swept {
  readonly atRest: number;
  /** Of one sweep, as counted; the same each time, or it is the dearest. */
  readonly cost: Pick<Tally, 'rcu' | 'wcu' | 'calls'>;
  readonly ms: number;
}

/** Sweeps the same number of rows that are due beside few at rest, and then beside many, or as many as the time allows. */
export async function sweeps({
  few,
  many,
  rounds,
  withinMs,
}: {
  readonly few: number;
  readonly many: number;
  readonly rounds: number;
  readonly withinMs: number;
}): Promise<{ readonly few: Swept; readonly many: Swept }> {
  const folder = await mkdtemp(join(tmpdir(), 'rp-bench-'));
  await using made = new AsyncDisposableStack();
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const engine = await startDynamoDb({ dataFolder: folder, environment: process.env, onCrash: console.error });
  made.defer(() => engine.close());
  let tally = nothing();
  const metered = await meter(engine.endpoint, () => tally);
  made.defer(() => metered.close());
  const env = { RUNNER_PILOT_DYNAMODB_ENDPOINT: metered.url, RUNNER_PILOT_LOG_LEVEL: 'ERROR' };
  const cloud = made.use(await startCloud({ agent: false, sweepSeconds: 0, env }));
  const client = clientOf(engine);
  made.defer(() => client.destroy());
  const world = worldOn(client, cloud.tableName);
  // What is asked for now has been due for a while by the functions' clock.
  world.clock.now = Date.now() - 60_000;
  const tenant = await world.tenant();
  const [runner, node] = [await world.runner(tenant), await world.node(tenant)];
  const model = await world.instance(tenant, runner, node);

  const end = performance.now() + withinMs;
  let atRest = 0;
  /** Half of them run, half of them have ended. */
  async function rest(until: number): Promise<void> {
    const { due: _, ...row } = { ...model, pk: `ORG#${tenant.org}`, row_type: 'instance', schema_version: 1 };
    while (atRest < until && performance.now() < end) {
      const count = Math.min(2000, until - atRest);
      const rows = Array.from({ length: count }, (_, index) => {
        const [uid, runs] = [v7(), index % 2 === 0];
        const state = runs ? { state: 'running', want: 'run' } : { state: 'stopped', want: 'gone' };
        return { ...row, ...state, uid, sk: `${runs ? 'INSTANCE' : 'PAST'}#${runner.uid}#${uid}` };
      });
      await plant(world, rows);
      atRest += count;
    }
  }
  async function sweep(): Promise<Swept> {
    const all: (Tally & { readonly ms: number })[] = [];
    for (let round = 0; round < rounds; round++) {
      // What waits is due again each time that it has waited as long as before.
      await cloud.sweep();
      for (let index = 0; index < due; index++) await world.instance(tenant, runner, node);
      tally = nothing();
      const { ms } = await timed(() => cloud.sweep());
      all.push({ ...tally, ms });
    }
    const most = (what: 'rcu' | 'wcu' | 'calls') => Math.max(...all.map((one) => one[what]));
    const cost = { rcu: most('rcu'), wcu: most('wcu'), calls: most('calls') };
    return { atRest, cost, ms: median(all.map(({ ms }) => ms)) };
  }

  await rest(few);
  const beside = await sweep();
  await rest(many);
  return { few: beside, many: await sweep() };
}

const plant = (world: World, rows: readonly Record<string, unknown>[]) =>
  Promise.all([0, 1, 2, 3].map((part) => world.plantMany(rows.filter((_, index) => index % 4 === part))));

/** Goal 9: a sweep's work grows with what is due, and not with what there is. */
export async function sweepBesideMany(): Promise<Measured[]> {
  const rounds = 5;
  const { few, many } = await sweeps({ few: 1000, many: 100_000, rounds, withinMs: 120_000 });
  const units = ({ cost }: Swept) => cost.rcu + cost.wcu;
  const rows = (count: number) => count.toLocaleString('en');
  const beside = `beside ${rows(many.atRest)} at rest, against beside ${rows(few.atRest)}`;
  const figures = ({ cost: { rcu, wcu, calls } }: Swept) => `${rcu} RCU, ${wcu} WCU, ${calls} calls`;
  return [
    compare('9', `sweep of ${due} rows that are due ${beside}: units and calls`, units(many) / units(few), {
      target: { atMost: 1.2 },
      figures: `${figures(many)} against ${figures(few)}`,
    }),
    compare('9', 'the same, in time', many.ms / few.ms, {
      target: { atMost: 1.2 },
      figures: `${many.ms.toFixed(0)} against ${few.ms.toFixed(0)} ms, p50 of ${rounds}`,
    }),
  ];
}
