import { type Instance, isBusy, isKept } from '../instance.ts';
import { keeper } from '../replacement.ts';

/** Whether an instance may go where there are too many, if not now then after its job: no person has made it. */
export const isSurplus = (row: Instance): boolean => isKept(row) && row.created_by === keeper;

const rank = ({ state }: Instance): number => (state === 'running' ? 1 : 0);

/**
 * Which of a runner's instances go, where so many are too many: those that do not listen yet before those that do, the
 * newest first; never one that is busy, and never one that a person made.
 */
export const surplusOf = (rows: readonly Instance[], many: number): readonly Instance[] =>
  rows
    .filter((row) => isSurplus(row) && !isBusy(row))
    .sort((a, b) => rank(a) - rank(b) || b.created_at - a.created_at || (a.uid < b.uid ? 1 : -1))
    .slice(0, many);
