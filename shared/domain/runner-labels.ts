import type { Runner } from './runner.ts';

/** The label of an installation at GitHub: whatever cleans up touches only runners that have it. */
export const deploymentLabel = (deployment: string): string => `rp-${deployment}`;

/** The label of one of our runners at GitHub, by which its own instances are told from those of others there. */
export const runnerLabel = (runner: string): string => `rp-${runner}`;

/** Labels that `config.sh` does not add by itself. */
export const ownLabels = (deployment: string, runner: Pick<Runner, 'uid' | 'labels'>): string[] => [
  ...new Set([deploymentLabel(deployment), runnerLabel(runner.uid), ...runner.labels]),
];

/** All labels of a runner that is registered ahead of its start: a JIT config adds none, so these are in full. */
export const fullLabels = (
  deployment: string,
  runner: Pick<Runner, 'uid' | 'labels'>,
  architecture: string,
): string[] => [...new Set(['self-hosted', 'linux', architecture, ...ownLabels(deployment, runner)])];
