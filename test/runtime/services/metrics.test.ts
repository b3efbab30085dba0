import { afterEach, expect, test, vi } from 'vitest';
import { serviceHost } from '#runtime/service.ts';
import { metrics } from '#runtime/services/metrics.ts';

afterEach(() => vi.restoreAllMocks());

const written = () => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  return lines;
};

test('a figure is one line of the embedded metric format, with the stage as its only dimension', () => {
  const lines = written();
  const { record } = serviceHost(
    { RUNNER_PILOT_METRICS_STAGE: 'prod' },
    { clock: { now: () => 1_760_530_200_000 } },
  ).use(metrics);

  record('create_to_running', 1250);

  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\}\n$/);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    _aws: {
      Timestamp: 1_760_530_200_000,
      CloudWatchMetrics: [
        {
          Namespace: 'RunnerPilot',
          Dimensions: [['stage']],
          Metrics: [{ Name: 'create_to_running', Unit: 'Milliseconds' }],
        },
      ],
    },
    stage: 'prod',
    create_to_running: 1250,
  });
});

test('without a stage, as on one machine, nothing is written', () => {
  const lines = written();

  serviceHost({}).use(metrics).record('orphans', 1);

  expect(lines).toEqual([]);
});
