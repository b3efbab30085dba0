import * as z from 'zod';
import { type Instance, isFinal, Want } from '../instance.ts';
import { Limits, RunnerSource } from '../runner.ts';

/** What a node is told of an instance: a row of the node's own partition, and all that a sync reads. */
export const Placement = z.object({
  uid: z.string(),
  runner: z.string(),
  generation: z.int(),
  want: Want,
  image: z.string(),
  runner_source: RunnerSource,
  limits: Limits,
  grace_seconds: z.int(),
  not_before: z.int().optional(),
});
export type Placement = z.output<typeof Placement>;

/**
 * What the node is told of this instance; undefined once the node has confirmed that nothing is left. An instance that
 * ended by itself is to be removed, although its row's `want` and generation stay, so that reports of it still count.
 */
export function placementOf(row: Instance): Placement | undefined {
  if (isFinal(row)) return undefined;
  const { uid, runner, generation, image, runner_source, limits, grace_seconds, not_before } = row;
  const want = row.state === 'ended' ? 'gone' : row.want;
  return {
    uid,
    runner,
    generation,
    want,
    image,
    runner_source,
    limits,
    grace_seconds,
    ...(not_before === undefined || want === 'gone' ? {} : { not_before }),
  };
}
