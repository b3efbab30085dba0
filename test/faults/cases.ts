import { expect } from 'vitest';
import type { Outcome } from '#contract/client.ts';
import { minute } from '#test/functions/instances/stage.ts';
import { crashKinds, type Fault } from './proxy.ts';
import type { Act, Scenario } from './scenario.ts';
import type { FaultyStage } from './stage.ts';
import { openTenant } from './tenant.ts';
import type { WireCall } from './wire-call.ts';

/** One scenario, and what goes wrong in it: at one call, or at a later one too. */
export interface Case {
  readonly scenario: Scenario;
  readonly faults: readonly Fault[];
}

const words = ({ service, operation }: WireCall) => `${service} ${operation}`;

/** A name that finds a case again: `RUNNER_PILOT_TEST_CASE`. */
export const nameOf = ({ scenario, faults }: Case): string =>
  [scenario.name, ...faults.map(({ at, kind, width }) => `${at} / ${kind} / ${width}`)].join(' / ');

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

/** Runs a case, and gives the calls that were hit: what does not hold is thrown, with those calls. */
export async function runCase(faulty: FaultyStage, one: Case): Promise<readonly WireCall[]> {
  let hit: readonly WireCall[] = [];
  const { proxy } = faulty;
  try {
    const tenant = await openTenant(faulty);
    const act = await one.scenario.begin(tenant);
    const dies = one.faults.some(({ kind }) => crashKinds.some((crash) => crash === kind));
    proxy.watch(...one.faults);
    // What stays, stays for one request; a second fault may hit the next request as well.
    const first = await asked(act, dies).finally(() => {
      if (one.faults.length === 1) hit = proxy.unwatch().hit;
    });
    const isDone = first !== 'died' && isRight(act, first);
    if (first !== 'died') expect(isDone || isBearable(first), `at first: ${said(first)}`).toBe(true);
    const last = isDone ? first : await repeated(faulty, act);
    if (one.faults.length > 1) hit = proxy.unwatch().hit;
    await act.check(last);
    await tenant.converge();
    await act.settled?.();
    expect(await tenant.wrongs()).toEqual([]);
    await tenant.close();
    return hit;
  } catch (error) {
    if (hit.length === 0) hit = proxy.unwatch().hit;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${nameOf(one)} (${hit.map(words).join(', ') || 'hit nothing'}): ${reason}`, { cause: error });
  }
}

/** Asks; where whoever is asked may die, their silence is an answer. */
const asked = (act: Act, dies: boolean): Promise<Outcome<unknown> | 'died'> =>
  act.ask().catch((error: unknown) => {
    // https://fetch.spec.whatwg.org/#dom-global-fetch: a network error is a TypeError.
    if (dies && error instanceof TypeError) return 'died';
    throw error;
  });

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
