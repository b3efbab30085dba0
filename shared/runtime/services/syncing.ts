import * as z from 'zod';
import type { Polling } from '#domain/polling.ts';
import { service } from '../service.ts';

const seconds = (fallback?: number) => {
  const given = z.coerce.number().int().min(1).max(3600);
  return fallback === undefined ? given.optional() : given.default(fallback);
};

/** What nodes are told of how to sync and where to write. */
export interface Syncing {
  readonly polling: Polling;
  readonly beatSeconds: number;
  readonly reapSeconds: number;
  telemetryOf(org: string): {
    readonly region: string;
    readonly endpoint?: string;
    readonly group: string;
    readonly prefix: string;
  };
}

/** How nodes sync: all of it configuration. `RUNNER_PILOT_POLL_SECONDS` alone is for all nodes. */
export const syncing = service({
  id: 'syncing',
  config: z.object({
    RUNNER_PILOT_POLL_SECONDS: seconds(),
    RUNNER_PILOT_POLL_IDLE_SECONDS: seconds(),
    RUNNER_PILOT_POLL_BELLESS_SECONDS: seconds(),
    RUNNER_PILOT_BEAT_SECONDS: seconds(15),
    RUNNER_PILOT_REAP_SECONDS: seconds(60),
    RUNNER_PILOT_REGION: z.string().min(1),
    RUNNER_PILOT_LOG_GROUP: z.string().min(1),
    RUNNER_PILOT_TELEMETRY_ENDPOINT: z.url().optional(),
  }),
  open: (config): Syncing => {
    const { RUNNER_PILOT_POLL_SECONDS: all, RUNNER_PILOT_TELEMETRY_ENDPOINT: endpoint } = config;
    return {
      polling: {
        busySeconds: all ?? 60,
        idleSeconds: config.RUNNER_PILOT_POLL_IDLE_SECONDS ?? all ?? 300,
        bellessSeconds: config.RUNNER_PILOT_POLL_BELLESS_SECONDS ?? all ?? 15,
      },
      beatSeconds: config.RUNNER_PILOT_BEAT_SECONDS ?? 15,
      reapSeconds: config.RUNNER_PILOT_REAP_SECONDS ?? 60,
      telemetryOf: (org) => ({
        region: config.RUNNER_PILOT_REGION,
        ...(endpoint === undefined ? {} : { endpoint }),
        group: config.RUNNER_PILOT_LOG_GROUP,
        prefix: `${org}/`,
      }),
    };
  },
});
