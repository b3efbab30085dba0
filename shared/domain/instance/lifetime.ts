import { type Instance, isBusy } from '../instance.ts';
import { deadlineMs } from './deadlines.ts';

/** When an instance that runs is to be ended for its age: idle at once, busy after its job, which has a bound. */
export function lifetimeDeadline(row: Instance): number | undefined {
  if (row.max_lifetime_minutes === undefined) return undefined;
  const end = (row.started_at ?? row.created_at) + row.max_lifetime_minutes * 60_000;
  return isBusy(row) ? end + deadlineMs.lastJob : end;
}
