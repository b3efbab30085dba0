import * as z from 'zod';
import { service } from '../service.ts';

/**
 * What says whether the service does its work. None has an instance, a node or a user as dimension: each combination
 * would be a custom metric, at $0.30 a month.
 */
export const slis = {
  /** From the intent to the report that the container runs. */
  create_to_running: 'Milliseconds',
  /** From the intent to the report that the runner listens for jobs. */
  create_to_listening: 'Milliseconds',
  /** From the intent to the report that the container is gone. */
  delete_to_gone: 'Milliseconds',
  /** How long the oldest due row has been due, at the start of a sweep. */
  due_age: 'Seconds',
  /** Instances that have been deleting for over 15 minutes, on a node that syncs. */
  deleting_overdue: 'Count',
  /** Containers that nobody knew of, removed by an agent. */
  orphans: 'Count',
  /** Claims of instances that had started already. */
  claims_after_start: 'Count',
  /** What is left of the scarcest GitHub credential's requests for this hour. */
  github_budget_left: 'Percent',
  /** Machines that are registered with SSM by an activation, in the account and region. */
  hybrid_nodes: 'Count',
} as const satisfies Record<string, 'Milliseconds' | 'Seconds' | 'Count' | 'Percent'>;

/** The name of a figure. */
export type Sli = keyof typeof slis;

/** The namespace of the figures in CloudWatch; their one dimension is `stage`. */
export const sliNamespace = 'RunnerPilot';

/** Takes figures. */
export interface Metrics {
  record(sli: Sli, value: number): void;
}

/** One line of the embedded metric format: CloudWatch Logs makes a metric of it, without a call. */
export const emfLine = (stage: string, sli: Sli, value: number, now: number): string =>
  `${JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        { Namespace: sliNamespace, Dimensions: [['stage']], Metrics: [{ Name: sli, Unit: slis[sli] }] },
      ],
    },
    stage,
    [sli]: value,
  })}\n`;

/** Figures of the service, as lines of its log; without `RUNNER_PILOT_METRICS_STAGE` there are none. */
export const metrics = service({
  id: 'metrics',
  config: z.object({ RUNNER_PILOT_METRICS_STAGE: z.string().optional() }),
  open: ({ RUNNER_PILOT_METRICS_STAGE: stage }, { clock }): Metrics => ({
    record: (sli, value) => {
      if (stage !== undefined) process.stdout.write(emfLine(stage, sli, value, clock.now()));
    },
  }),
});
