import type { Observed } from '#domain/instance/observation.ts';
import { request } from '#domain/instance/request.ts';
import { type Instance, placementOf } from '#domain/instance.ts';
import { nodeRow, runnerRow } from '#test/domain/rows.ts';

/** A time to count from, epoch milliseconds. */
export const start = 1_760_530_200_000;
export const seconds = 1000;
export const minutes = 60 * seconds;

/** What deciding takes: this time, and a die that always falls in the middle. */
export const at = (now: number) => ({ now, random: () => 0.5 });

/** A row as it is after its creation; `given` changes what a test is about. */
export const row = (given: Partial<Instance> = {}): Instance => ({
  ...request({ org: 'gt', uid: 'instance-1', runner: runnerRow(), node: nodeRow() }, start),
  ...given,
});

/** A claimed one, whose credential has been made. */
export const claimed = (given: Partial<Instance> = {}): Instance =>
  row({
    state: 'claimed',
    attempts: 1,
    claim: { id: 'claim-1', boot_id: 'boot-1', at: start, lease_until: start, minted: true },
    ...given,
  });

/** One whose runner listens. */
export const running = (given: Partial<Instance> = {}): Instance =>
  row({
    state: 'running',
    attempts: 1,
    started_at: start,
    listening_at: start,
    reported_at: start,
    report: { seq: 10, state: 'listening', at: start },
    ...given,
  });

/** A report of the row's own generation, later than all before. */
export const seen = (of: Instance, state: Observed['state'], given: Partial<Observed> = {}): Observed => ({
  generation: of.generation,
  seq: (of.report?.seq ?? 0) + 1,
  state,
  at: start + seconds,
  ...given,
});

/** What the node is told to do. */
export const told = (of: Instance) => placementOf(of)?.want;
