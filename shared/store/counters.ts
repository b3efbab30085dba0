import type { organizationLimits } from '#domain/organization.ts';
import { problem } from '#domain/problem.ts';
import { absent, any, exists, is } from './expression.ts';
import { keys } from './keys.ts';
import { type Step, update } from './steps.ts';

/** What an organization is counted by. */
export type Counted = keyof typeof organizationLimits;

/** The step that counts one more, unless that is one too many: `organization.limit`. */
export const countOne = (org: string, what: Counted, limit: number): Step =>
  update(keys.counters(org), { add: { [what]: 1 } }, any(absent(what), is(what, '<', limit)), () =>
    problem('organization.limit', `The organization has ${limit} ${what}, which is the most it may have.`),
  );

/** The step that counts one less. */
export const uncountOne = (org: string, what: Counted): Step =>
  update(keys.counters(org), { add: { [what]: -1 } }, exists());
