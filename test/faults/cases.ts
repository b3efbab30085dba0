import { expect } from 'vitest';
import type { Outcome } from '#contract/client.ts';
import { minute } from '#test/functions/instances/stage.ts';
import type { Fault } from './proxy.ts';
import type { Act, Scenario } from './scenario.ts';
import type { FaultyStage } from './stage.ts';
import { openTenant } from './tenant.ts';
import type { WireCall } from './wire-call.ts';

/** One fault in one scenario. */
export interface Case {
  readonly scenario: Scenario;
  readonly fault: Fault;
}

const words = ({ service, operation }: WireCall) => `${service} ${operation}`;

/** A name that finds a case again: `RUNNER_PILOT_TEST_CASE`. */
export const nameOf = ({ scenario, fault: { at, kind, width } }: Case): string =>
  `${scenario.name} / ${at} / ${kind} / ${width}`;

/** The calls that a scenario makes when nothing goes wrong, in their order. */
export async function callsOf(faulty: FaultyStage, scenario: Scenario): Promise<readonly WireCall[]> {
  const tenant = await openTenant(faulty);
  const act = await scenario.begin(tenant);
  faulty.proxy.watch();
  const answer = await act.ask();
  const { calls } = faulty.proxy.unwatch();
  expect(isRight(act, answer), said(answer)).toBe(true);
  await act.check(answer);
  await tenant.converge();
  await act.settled?.();
  expect(await tenant.wrongs()).toEqual([]);
  await tenant.close();
  return calls;
}

/** Runs a case: what does not hold is thrown, with the call that the fault has hit. */
export async function runCase(faulty: FaultyStage, one: Case): Promise<void> {
  let hit: readonly WireCall[] = [];
  try {
    const tenant = await openTenant(faulty);
    const act = await one.scenario.begin(tenant);
    faulty.proxy.watch(one.fault);
    const first = await act.ask().finally(() => {
      hit = faulty.proxy.unwatch().hit;
    });
    expect(isRight(act, first) || isBearable(first), `at first: ${said(first)}`).toBe(true);
    const last = isRight(act, first) ? first : await repeated(faulty, act);
    await act.check(last);
    await tenant.converge();
    await act.settled?.();
    expect(await tenant.wrongs()).toEqual([]);
    await tenant.close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${nameOf(one)} (${hit.map(words).join(', ') || 'hit nothing'}): ${reason}`, { cause: error });
  }
}

const isRight = ({ refusal }: Act, answer: Outcome<unknown>): boolean =>
  answer.ok ? refusal === undefined : answer.problem.code === refusal;

/** "Try again", with when: a claim is told so with 409, everybody else with 503. */
const isBearable = (answer: Outcome<unknown>): boolean =>
  !answer.ok &&
  (answer.status === 503 || answer.problem.code === 'claim.wait') &&
  Number(answer.headers.get('retry-after')) > 0;

/** The same request again, when it was told to come again, until it has its answer. */
async function repeated({ stage }: FaultyStage, act: Act): Promise<Outcome<unknown>> {
  for (let times = 0; ; times++) {
    stage.pass(minute);
    const answer = await act.ask();
    if (isRight(act, answer) || (!answer.ok && answer.problem.code === act.done)) return answer;
    expect(isBearable(answer) && times < 5, `when asked again: ${said(answer)}`).toBe(true);
  }
}

const said = (answer: Outcome<unknown>): string =>
  answer.ok ? `${answer.status}` : `${answer.status} ${answer.problem.code}: ${answer.problem.detail}`;
