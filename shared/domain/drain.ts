import * as z from 'zod';
import { drained } from './instance/early.ts';
import { endEarly } from './instance/expire.ts';
import { type Instance, isBusy, isFinal } from './instance.ts';

/** That a node is being emptied: since when, until when jobs may run, what for, and who wants it. */
export const Drain = z.object({
  since: z.int(),
  /** When what still runs is ended by force; without one, jobs may take as long as they take. */
  deadline: z.int().optional(),
  note: z.string().optional(),
  /** Who asked for it, by uid. */
  by: z.string(),
});
export type Drain = z.output<typeof Drain>;

/** What is asked of a drain. */
export interface DrainRequest {
  readonly deadlineMinutes?: number | undefined;
  readonly note?: string | undefined;
  readonly by: string;
}

/** The drain that somebody asks for now; one that is under way gets another deadline and note, and keeps its beginning. */
export function drain(before: Drain | undefined, { deadlineMinutes, note, by }: DrainRequest, now: number): Drain {
  return {
    since: before?.since ?? now,
    ...(deadlineMinutes !== undefined && { deadline: now + deadlineMinutes * 60_000 }),
    ...(note !== undefined && { note }),
    by,
  };
}

/** What a drain does about an instance now: `wait` for its job, `remove` it, or that by `force`; undefined: it goes anyway. */
export type DrainStep = 'wait' | 'remove' | 'force' | undefined;

const isOver = ({ deadline }: Drain, now: number): boolean => deadline !== undefined && now >= deadline;

/** Decides what a drain does about an instance of its node. */
export function drainStep(row: Instance, of: Drain, now: number): DrainStep {
  if (isFinal(row) || row.want === 'gone' || row.state === 'ended') return undefined;
  if (isOver(of, now)) return 'force';
  return isBusy(row) ? 'wait' : 'remove';
}

/** The row once the deadline has come for its job: ended early, with the drain's note as the reason; the same row else. */
export function drainJob(row: Instance, of: Drain, now: number, seenAt: number | undefined): Instance {
  if (!isBusy(row) || drainStep(row, of, now) !== 'force') return row;
  const detail = `${row.node_name} ${drainedWhy(of)}, and the deadline for jobs has passed: "${row.job?.name}" was cancelled.`;
  return endEarly(row, now, { code: drained, detail }, seenAt);
}

const lookMs = 15_000;

/** When the sweep looks at a node that is being drained again; undefined once nothing of it is left to be ended. */
export function drainDue(of: Drain, rows: readonly Instance[], now: number): number | undefined {
  if (rows.every((row) => drainStep(row, of, now) === undefined)) return undefined;
  return of.deadline !== undefined && of.deadline > now ? Math.min(now + lookMs, of.deadline) : now + lookMs;
}

/** Why a node that is being drained takes nothing, as the end of a sentence that begins with its name. */
export const drainedWhy = ({ note }: Pick<Drain, 'note'>): string =>
  note ? `is being drained (${note})` : 'is being drained';

/** What a node remembers of its drain's beginning, change or end. */
export const drainEvent = (subject: string, drain: Drain | undefined, by: string) => ({
  subject,
  code: drain ? 'draining' : 'drain_cancelled',
  detail: drain
    ? `The node is being emptied${drain.note ? `: ${drain.note}` : '.'}`
    : 'The node keeps what still runs, and takes new instances.',
  by,
});
