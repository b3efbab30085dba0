import { type Instance, isBusy } from '../instance.ts';
import { change, fail, type Why } from './change.ts';
import { graceSeconds } from './deadlines.ts';
import { lifetimeReached } from './lifetime.ts';

const why = (row: Instance): Why => ({
  code: lifetimeReached,
  detail: `The instance has lived for the ${row.max_lifetime_minutes} minutes that its runner gives (\`max_lifetime_minutes\`).`,
});

/** The row once its lifetime is over: its node is to remove the container, and it is no failure. */
export function expire(row: Instance, now: number, seenAt: number | undefined): Instance {
  const grace_seconds = isBusy(row) ? graceSeconds.busy : graceSeconds.idle;
  return change(fail(row, now, why(row), seenAt), now, { grace_seconds });
}
