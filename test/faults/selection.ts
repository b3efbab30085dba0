import { type Case, nameOf } from './cases.ts';
import { shuffled } from './random.ts';
import type { Scenario } from './scenario.ts';

const only = process.env.RUNNER_PILOT_TEST_CASE;
const [part = 1, parts = 1] = (process.env.RUNNER_PILOT_TEST_PART ?? '1/1').split('/').map(Number);
if (!(part >= 1 && part <= parts)) throw new Error('RUNNER_PILOT_TEST_PART is which part of how many, such as 1/4.');

const minutes = Number(process.env.RUNNER_PILOT_TEST_MINUTES ?? 60);

/** Where all that is random comes from. */
export const seed = Number(process.env.RUNNER_PILOT_TEST_SEED ?? 24);

/** Whether every case runs, rather than a sample. */
export const all = process.env.RUNNER_PILOT_TEST_ALL === '1';

/** How long a suite of all cases may take: what is left then is for another part, or another seed. */
export const boxMs = minutes === 0 ? Number.POSITIVE_INFINITY : minutes * 60_000;

/** Whether cases of a scenario may be among what runs. */
export const isAsked = ({ name }: Scenario): boolean => only === undefined || only.startsWith(`${name} / `);

/** Of a scenario's cases those that run: the one that is asked for, else this part of all of them, else a sample. */
export function chosen(
  every: readonly Case[],
  random: () => number,
  sample: (mixed: readonly Case[]) => readonly Case[],
): readonly Case[] {
  if (only) return every.filter((one) => nameOf(one) === only);
  const mixed = shuffled(every, random);
  return all ? mixed.filter((_, index) => index % parts === part - 1) : sample(mixed);
}
