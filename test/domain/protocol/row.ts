import { request } from '#domain/instance/request.ts';
import { type Instance, isFinal, isRestart } from '#domain/instance.ts';
import { nodeRow, runnerRow } from '#test/domain/rows.ts';

// The time never moves: whatever has a deadline has passed it, and whatever waits has waited. So the search takes every
// order of events that any clock could give.
export const now = 0;
const longAgo = -1e12;

/** Of a row, what the product's decisions can tell apart when time and order are arbitrary. */
export interface Projection {
  readonly want: Instance['want'];
  readonly generation: number;
  readonly state: Instance['state'];
  readonly busy: boolean;
  /** It is to be started again after a reboot. */
  readonly restart: boolean;
  /** In which boot that has been claimed. */
  readonly boot_id?: string | undefined;
  readonly ephemeral: boolean;
}

/** The row as the search remembers it. */
export const project = (row: Instance): Projection => ({
  want: row.want,
  generation: row.generation,
  // What is final differs in how it is shown.
  state: row.state === 'failed' ? 'stopped' : row.state,
  busy: row.job !== undefined,
  restart: isRestart(row),
  ...(isRestart(row) && row.boot_id !== undefined && { boot_id: row.boot_id }),
  ephemeral: row.ephemeral,
});

const base: Instance = {
  ...request({ org: 'gt', uid: 'i', runner: runnerRow(), node: nodeRow() }, longAgo),
  generation: 1,
};

const claimOf = { id: 'c', boot_id: 'b', at: longAgo, lease_until: longAgo, minted: true };

/** A real row for what is remembered; `attempts` and what the node has reported are the adversary's to choose. */
export function rowOf({ restart, busy, ...p }: Projection, attempts = 0): Instance {
  const ran = ['running', 'ended'].includes(p.state) || restart;
  return {
    ...base,
    ...p,
    state_at: longAgo,
    attempts,
    report: { seq: 1000, state: 'created', at: longAgo },
    reported_at: longAgo,
    ...(p.state === 'claimed' ? { claim: claimOf } : {}),
    ...(ran ? { started_at: longAgo, listening_at: longAgo } : {}),
    ...(restart ? { rebooted: { at: longAgo } } : {}),
    ...(busy ? { job: { name: 'build', started_at: longAgo } } : {}),
    ...(p.want === 'gone' || isFinal(p) || p.state === 'ended' ? { ended_at: longAgo } : {}),
  };
}
