import { type Instance, isBusy } from '../instance.ts';
import { change, fail, type Why } from './change.ts';
import { graceSeconds } from './deadlines.ts';
import { lifetimeReached } from './early.ts';

const why = (row: Instance): Why => ({
  code: lifetimeReached,
  detail: `The instance has lived for the ${row.max_lifetime_minutes} minutes that its runner gives (\`max_lifetime_minutes\`).`,
});

/** The row that is ended early: its node is to remove the container, its job has time to be cancelled, and it stays readable. */
export function endEarly(row: Instance, now: number, because: Why, seenAt: number | undefined): Instance {
  const grace_seconds = isBusy(row) ? graceSeconds.busy : graceSeconds.idle;
  return change(fail(row, now, because, seenAt), now, { grace_seconds });
}

/** The row once its lifetime is over. */
export const expire = (row: Instance, now: number, seenAt: number | undefined): Instance =>
  endEarly(row, now, why(row), seenAt);
