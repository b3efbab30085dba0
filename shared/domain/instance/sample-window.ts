import { type Instance, isFinal } from '../instance.ts';

/** Between which times (epoch milliseconds) an instance's last sample is to be looked for. */
export interface SampleWindow {
  readonly from: number;
  readonly until: number;
}

// The node's clock may differ from ours, and a beat comes up to 15 s after what it tells of.
const slackMs = 120_000;

/** Where the last sample of an instance is; undefined while it cannot have sent one. */
export function sampleWindow(row: Instance, now: number): SampleWindow | undefined {
  if (row.started_at === undefined) return undefined;
  const from = row.started_at - slackMs;
  const over = row.ended_at !== undefined && (isFinal(row) || row.state === 'ended' || row.state === 'failing');
  return { from, until: (over && row.ended_at !== undefined ? row.ended_at : now) + slackMs };
}
