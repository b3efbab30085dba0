import type { At } from '../instance/accept.ts';
import { attemptDelayMs } from '../instance/backoff.ts';
import type { Why } from '../instance/change.ts';
import { brief, type Replacement } from '../replacement.ts';
import type { Runner } from '../runner.ts';

/** What is to be done so that as many are alive as are desired. */
export interface Plan {
  /** How many to make. */
  readonly make: number;
  /** Whether to make one alone, and to wait for what becomes of it. */
  readonly probe: boolean;
  /** How many are too many. */
  readonly remove: number;
  /** When to look again, if nothing is to be done now. */
  readonly due?: number;
  /** What replacing has come to, the news included. */
  readonly replacement: Replacement | undefined;
}

/** What came of a plan. */
export interface Outcome {
  readonly made: number;
  /** What stood in the way; `final` if only a person can mend it. */
  readonly blocked?: (Why & { readonly final: boolean }) | undefined;
}

/** What a look leaves behind: when the sweep looks again, if it has to. */
export interface Settled {
  readonly replacement: Replacement | undefined;
  readonly due: number | undefined;
}

const longestDelayMs = 15 * 60_000;
/** After a failure one has listened, and another been of use since, or so long gone by: the next failure is a first one. */
const calmMs = 10 * 60_000;
const blockedMs = { shortest: 10_000, longest: 60_000 } as const;

type Known = Pick<
  Runner,
  'desired_instances' | 'alive' | 'probe' | 'failed' | 'probe_listened_at' | 'useful_at' | 'replacement'
>;

const isTroubled = (one: Replacement | undefined): boolean =>
  one !== undefined && one.failures > 0 && one.listened_at === undefined;

/** Without what is over, once nothing stands in the way. */
function cleared(one: Replacement | undefined): Replacement | undefined {
  if (!one || isTroubled(one)) return one;
  const { reason: _, next_at: __, ...rest } = one;
  return rest.failures > 0 ? rest : undefined;
}

const isCalm = ({ listened_at }: Replacement, { useful_at = 0 }: Known, at: number): boolean =>
  listened_at !== undefined && (useful_at > listened_at || at - listened_at >= calmMs);

/** A failure counts once a round: of those that were made together, only the first. */
function withNews(runner: Known, { random }: At): Replacement | undefined {
  const { replacement, failed, probe_listened_at } = runner;
  const before =
    replacement && probe_listened_at !== undefined
      ? cleared({ ...replacement, listened_at: probe_listened_at })
      : replacement;
  if (!failed || failed.created_at < (before?.not_before ?? 0)) return before;
  const failures = before && !isCalm(before, runner, failed.at) ? before.failures + 1 : 1;
  const { node: avoid, code, detail, at } = failed;
  const since = before?.reason?.code === code ? before.reason.since : at;
  const not_before = at + Math.min(attemptDelayMs(failures, random), longestDelayMs);
  return { failures, not_before, avoid, reason: { code, detail, since } };
}

/** Decides what is to be done about a runner's number. */
export function planOf(runner: Known, at: At): Plan {
  const { desired_instances: desired = 0, alive = 0, probe } = runner;
  const replacement = withNews(runner, at);
  const missing = desired - alive;
  const idle = { make: 0, probe: false, remove: 0 };
  if (missing <= 0) {
    return { ...idle, remove: alive - desired, replacement: desired === 0 ? undefined : cleared(replacement) };
  }
  if (!replacement || !isTroubled(replacement)) return { ...idle, make: missing, replacement };
  const { not_before = 0 } = replacement;
  if (at.now < not_before) return { ...idle, due: not_before, replacement: { ...replacement, next_at: not_before } };
  const { next_at: _, ...asked } = replacement;
  return { ...idle, make: probe === undefined ? 1 : 0, probe: true, replacement: asked };
}

function blockedBy({ final, code, detail }: NonNullable<Outcome['blocked']>, plan: Plan, { now, random }: At): Settled {
  const before: Replacement = plan.replacement ?? { failures: 0 };
  const since = before.reason?.code === code ? before.reason.since : now;
  const { shortest, longest } = blockedMs;
  const delay = Math.min(Math.max((now - since) / 2, shortest), longest) * (0.8 + 0.4 * random());
  const due = final ? undefined : Math.round(now + delay);
  const { next_at: _, ...rest } = before;
  return {
    replacement: {
      ...rest,
      reason: { code, detail: brief(detail), since },
      ...(due !== undefined && { next_at: due }),
    },
    due,
  };
}

/** What is left behind by a plan that was carried out, as far as it went. */
export function settledOf(plan: Plan, { made, blocked }: Outcome, at: At): Settled {
  if (blocked) return blockedBy(blocked, plan, at);
  const replacement = cleared(plan.replacement);
  if (plan.make === 0) return { replacement, due: plan.due };
  // Of a probe we hear by what becomes of it.
  const done = made >= plan.make;
  return { replacement, due: done ? undefined : at.now };
}
