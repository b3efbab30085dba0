import { contract } from '#contract/operations.ts';
import { timestamp } from '#contract/view/time.ts';
import { sampleWindow } from '#domain/instance/sample-window.ts';
import { problem } from '#domain/problem.ts';
import { serve } from '#lambda/serve.ts';
import { journal } from '#runtime/services/journal.ts';
import { shownInstance } from '#runtime/services/shown-instance.ts';
import { throttles } from '#runtime/services/throttles.ts';

export const handler = serve(
  contract.instances.metrics,
  { shownInstance, journal, throttles },
  async ({ scope, params, now }, { shownInstance, journal, throttles }) => {
    const row = await shownInstance.getRow(scope, params.runner_id, params.instance_id);
    const window = sampleWindow(row, now);
    if (window) await throttles.require('journal', row.org);
    const sample = window && (await journal.findSample(row.org, { node: row.node, instance: row.uid, ...window }));
    if (!sample) {
      const detail = 'The instance has not sent a sample yet; the first comes when it listens for jobs.';
      throw problem('metrics.none-yet', detail, { retryAfterSeconds: 5 });
    }
    const { cpu, memory, disk, at } = sample;
    return { cpu_usage: cpu, memory_usage: memory, disk_usage: disk, timestamp: timestamp(at) };
  },
);
