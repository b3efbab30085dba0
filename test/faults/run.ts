import { afterAll, describe, expect, it } from 'vitest';
import { stageNow } from '#test/functions/instances/stage.ts';
import { type Case, callsOf, runCase } from './cases.ts';
import { numbersFrom } from './random.ts';
import type { Scenario } from './scenario.ts';
import { all, boxMs, chosen, isAsked, seed } from './selection.ts';
import { type FaultyStage, openFaultyStage } from './stage.ts';
import type { WireCall } from './wire-call.ts';

const hourMs = 3_600_000;

/** A suite of cases over scenarios. */
export interface Suite {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** Whether the functions run in a process of their own, which can be killed. */
  readonly apart?: boolean;
  /** All cases of a scenario, which makes so many calls when nothing goes wrong. */
  readonly casesOf: (scenario: Scenario, calls: number) => readonly Case[];
  /** Of cases that are well mixed, those that CI runs. */
  readonly sample: (mixed: readonly Case[], random: () => number) => readonly Case[];
}

/** What a suite has seen: grows as it runs. */
export interface Tally {
  /** By scenario, the calls that it makes when nothing goes wrong. */
  readonly calls: Map<string, readonly WireCall[]>;
  /** How many cases there are, how many of them have run, and how many of those with all of their faults. */
  cases: number;
  ran: number;
  hit: number;
}

/** Declares a suite's tests, one for each scenario: a failure prints the seed and the case. */
export function describeFaults({ name, scenarios, apart = false, casesOf, sample }: Suite): Tally {
  const tally: Tally = { calls: new Map(), cases: 0, ran: 0, hit: 0 };
  describe(`${name} (seed ${seed})`, () => {
    const random = numbersFrom(seed);
    const asked = scenarios.filter(isAsked);
    const beganAt = performance.now();
    let faulty: FaultyStage | undefined;
    afterAll(() => faulty?.[Symbol.asyncDispose]());

    /** The stage, or a new one: each case takes minutes of its time, and logs take nothing from a far future. */
    async function freshStage(): Promise<FaultyStage> {
      if (faulty && stageNow() - Date.now() < hourMs) return faulty;
      await faulty?.[Symbol.asyncDispose]();
      faulty = await openFaultyStage(random, { apart });
      return faulty;
    }

    it.each(asked.map((one, index) => [one.name, one, index] as const))(
      '%s: nothing is lost, nothing is doubled',
      async (_, scenario, index) => {
        const calls = await callsOf(await freshStage(), scenario);
        expect(calls.length).toBeGreaterThan(0);
        tally.calls.set(scenario.name, calls);
        const every = casesOf(scenario, calls.length);
        tally.cases += every.length;

        const failures: string[] = [];
        const cases = chosen(every, random, (mixed) => sample(mixed, random));
        const startedAt = performance.now();
        const until = beganAt + (boxMs * (index + 1)) / asked.length;
        let ran = 0;
        for (const one of cases) {
          if (all && performance.now() > until) break;
          ran += 1;
          try {
            const hit = await runCase(await freshStage(), one);
            tally.ran += 1;
            if (hit.length >= one.faults.length) tally.hit += 1;
          } catch (error) {
            failures.push(`seed ${seed}, ${error instanceof Error ? error.message : String(error)}`);
            console.info(failures.at(-1));
          }
        }

        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        console.info(`${scenario.name}: ${calls.length} calls, ${ran} of ${every.length} cases in ${seconds} s`);
        expect(failures).toEqual([]);
        expect(await (await freshStage()).stage.wrongs()).toEqual([]);
      },
      all ? 4 * hourMs : 120_000,
    );
  });
  return tally;
}
