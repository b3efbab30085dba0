import { v7 } from 'uuid';
import { encodeCursor } from '#store/cursor.ts';
import { counting } from '#test/store/counting.ts';
import { clientOf, createTable, dynoxide } from '#test/store/engines.ts';
import { worldOn } from '#test/store/world.ts';
import { compare, type Measured } from './report.ts';
import { median, timed } from './statistics.ts';

const most = 100_000;
/** A slow machine gets fewer rows rather than more time. */
const plantWithinMs = 75_000;
const pageSize = 50;

/** Goal 5: a page of fifty costs the same anywhere in many, and ended instances don't slow the list of live ones. */
export async function pages(): Promise<Measured[]> {
  await using engine = await dynoxide.start();
  const counted = counting(clientOf(engine));
  await createTable(counted.client, 'runner-pilot');
  const world = worldOn(counted.client, 'runner-pilot');
  const { table } = world;
  const tenant = await world.tenant();
  const node = await world.node(tenant);
  const [many, few] = [await world.runner(tenant), await world.runner(tenant, { name: 'Runner-02' })];
  const model = await world.instance(tenant, many, node);
  for (const from of [many, few]) for (let index = 0; index < 9; index++) await world.instance(tenant, from, node);
  const live = (runner: string) => timed(() => table.instances.list(tenant.scope, runner, { limit: 50, live: true }));
  const before: number[] = [];
  for (let index = 0; index < 60; index++) before.push((await live(many.uid)).ms);
  const uids = Array.from({ length: most }, () => v7()).toSorted();
  const rows = uids.map((uid) => ({
    ...model,
    uid,
    state: 'stopped',
    want: 'gone',
    due: undefined,
    pk: `ORG#${tenant.org}`,
    sk: `PAST#${many.uid}#${uid}`,
    row_type: 'instance',
    schema_version: 1,
  }));
  const clean = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)));
  const end = performance.now() + plantWithinMs;
  let count = 0;
  while (count < most && performance.now() < end) {
    const slice = clean.slice(count, count + 2000);
    await Promise.all([0, 500, 1000, 1500].map((from) => world.plantMany(slice.slice(from, from + 500))));
    count += slice.length;
  }

  const pageAt = async (part: number) => {
    // Newest first: the cursor is the row before.
    const cursor = part === 0 ? undefined : encodeCursor(`past#${uids[Math.floor(count * (1 - part))]}`);
    const { result, cost } = await counted.cost(() =>
      table.instances.list(tenant.scope, many.uid, { limit: pageSize, cursor }),
    );
    if (result.items.length !== pageSize) throw new Error(`A page at ${part} has ${result.items.length} instances.`);
    return cost.rcu;
  };
  const units = [await pageAt(0), await pageAt(0.5), await pageAt(0.99)];

  const times: Record<'many' | 'few', number[]> = { many: [], few: [] };
  for (let index = 0; index < 60; index++) {
    times.many.push((await live(many.uid)).ms);
    times.few.push((await live(few.uid)).ms);
  }
  const [withMany, withFew] = [median(times.many), median(times.few)];
  counted.client.destroy();
  return [
    compare('5', `page of ${pageSize} instances of ${count.toLocaleString('en')}: dearest`, Math.max(...units), {
      target: { atMost: 14 },
      unit: ' RCU',
      digits: 1,
      figures: `at 0, 50 and 99 %: ${units.join(', ')} RCU`,
    }),
    compare('5', 'the dearest of the three against the cheapest', Math.max(...units) / Math.min(...units), {
      target: { atMost: 1 },
    }),
    compare(
      '5',
      `list of ten live ones beside ${count.toLocaleString('en')} ended ones, against none`,
      withMany / withFew,
      {
        target: { atMost: 1.2 },
        figures: `${withMany.toFixed(1)} against ${withFew.toFixed(1)} ms p50 of 60; ${median(before).toFixed(1)} ms before they were there`,
      },
    ),
  ];
}
