import { afterAll, describe, expect, it } from 'vitest';
import { stageNow } from '#test/functions/instances/stage.ts';
import { type Case, callsOf, nameOf, runCase } from './cases.ts';
import { type FaultKind, faultKinds } from './proxy.ts';
import { numbersFrom, shuffled } from './random.ts';
import { fleet } from './scenarios/fleet.ts';
import { instances } from './scenarios/instances.ts';
import { journal } from './scenarios/journal.ts';
import { people } from './scenarios/people.ts';
import { removals } from './scenarios/removals.ts';
import { sweeps } from './scenarios/sweeps.ts';
import { type FaultyStage, openFaultyStage } from './stage.ts';

const scenarios = [...people, ...fleet, ...instances, ...removals, ...journal, ...sweeps];
const seed = Number(process.env.RUNNER_PILOT_TEST_SEED ?? 24);
const all = process.env.RUNNER_PILOT_TEST_ALL === '1';
const only = process.env.RUNNER_PILOT_TEST_CASE;
const random = numbersFrom(seed);
const hourMs = 3_600_000;

// A call that hangs is given up after seconds: of those only some are in the sample, and none hangs for good.
const hangs = (kind: FaultKind) => kind.startsWith('hung');
const widths = (kind: FaultKind) => (hangs(kind) ? (['once'] as const) : (['once', 'on'] as const));

/** Every call of a scenario with every fault, or a sample of them: so many that hit one call, so many that stay. */
function casesOf(scenario: (typeof scenarios)[number], calls: number): Case[] {
  const every = Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) =>
    faultKinds.flatMap((kind) => widths(kind).map((width): Case => ({ scenario, fault: { at, kind, width } }))),
  );
  if (only) return every.filter((one) => nameOf(one) === only);
  if (all) return every;
  const mixed = shuffled(every, random);
  const quick = mixed.filter(({ fault }) => !hangs(fault.kind));
  const slow = random() < 0.15 ? mixed.filter(({ fault }) => hangs(fault.kind)).slice(0, 1) : [];
  return [
    ...quick.filter(({ fault }) => fault.width === 'once').slice(0, 3),
    ...(random() < 0.4 ? quick.filter(({ fault }) => fault.width === 'on').slice(0, 1) : []),
    ...slow,
  ];
}

describe(`whatever becomes of a call on the wire (seed ${seed})`, () => {
  let faulty: FaultyStage | undefined;
  afterAll(() => faulty?.[Symbol.asyncDispose]());

  /** The stage, or a new one: each case takes minutes of its time, and logs take nothing from a far future. */
  async function freshStage(): Promise<FaultyStage> {
    if (faulty && stageNow() - Date.now() < hourMs) return faulty;
    await faulty?.[Symbol.asyncDispose]();
    faulty = await openFaultyStage(random);
    return faulty;
  }

  it.each(
    scenarios.filter(({ name }) => !only || only.startsWith(`${name} / `)).map((one) => [one.name, one] as const),
  )(
    '%s: nothing is lost, nothing is doubled',
    async (_, scenario) => {
      const calls = await callsOf(await freshStage(), scenario);
      expect(calls.length).toBeGreaterThan(0);

      const failures: string[] = [];
      const cases = casesOf(scenario, calls.length);
      const startedAt = performance.now();
      for (const one of cases) {
        await runCase(await freshStage(), one).catch((error: Error) => {
          failures.push(`seed ${seed}, ${error.message}`);
          console.info(failures.at(-1));
        });
      }

      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.info(`${scenario.name}: ${calls.length} calls, ${cases.length} cases in ${seconds} s`);
      expect(failures).toEqual([]);
      expect(await (await freshStage()).stage.wrongs()).toEqual([]);
    },
    all ? 3_600_000 : 120_000,
  );
});
