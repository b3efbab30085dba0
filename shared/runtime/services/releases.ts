import * as z from 'zod';
import { type RunnerRelease, releaseOf } from '#domain/runner-release.ts';
import { service } from '../service.ts';
import { github } from './github.ts';

/** Which of GitHub's runners nodes are to mount. */
export interface Releases {
  /** Undefined while it is not known. Never waits long: whoever asks is answering a node. */
  current(): Promise<RunnerRelease | undefined>;
}

const dayMs = 24 * 3_600_000;
const againMs = 60_000;
const patienceMs = 1500;
const hash = /^(?:[0-9a-fA-F]{64}|(?:(?:x64|arm64)=[0-9a-fA-F]{64})(?:,(?:x64|arm64)=[0-9a-fA-F]{64})*)$/;

/** GitHub's newest runner, looked up at most daily by each process, unless version and hash are set. */
export const releases = service({
  id: 'releases',
  config: z.object({
    RUNNER_PILOT_RUNNER_VERSION: z
      .string()
      .regex(/^\d{1,4}\.\d{1,6}\.\d{1,6}$/, 'must be like 2.335.0')
      .optional(),
    RUNNER_PILOT_RUNNER_DIST_URL: z.url().optional(),
    RUNNER_PILOT_RUNNER_DIST_SHA256: z
      .string()
      .regex(hash, 'must be a SHA-256 in hex, or "x64=<SHA-256>,arm64=<SHA-256>"')
      .optional(),
  }),
  uses: [github],
  open: (config, { use, clock, log }): Releases => {
    const settings = {
      version: config.RUNNER_PILOT_RUNNER_VERSION,
      distUrl: config.RUNNER_PILOT_RUNNER_DIST_URL,
      distSha256: config.RUNNER_PILOT_RUNNER_DIST_SHA256,
    };
    let newest: RunnerRelease | undefined;
    let lookAgainAt = 0;
    let looking: Promise<void> | undefined;

    async function look(): Promise<void> {
      const found = await use(github).api.latestRunnerRelease();
      lookAgainAt = clock.now() + (found.ok ? dayMs : againMs);
      if (!found.ok) return log.warn('the newest runner is not known', { reason: found.failure.detail });
      const { version, assets } = found.value;
      newest = {
        version,
        urls: Object.fromEntries(assets.map(({ arch, url }) => [arch, url])),
        sha256: Object.fromEntries(assets.flatMap(({ arch, sha256 }) => (sha256 ? [[arch, sha256]] : []))),
      };
    }

    return {
      async current() {
        const settled = settings.version !== undefined && settings.distSha256 !== undefined;
        if (!settled && clock.now() >= lookAgainAt) {
          looking ??= look().finally(() => {
            looking = undefined;
          });
          const { promise: late, resolve } = Promise.withResolvers<void>();
          const timer = setTimeout(resolve, patienceMs);
          await Promise.race([looking, late]);
          clearTimeout(timer);
        }
        return releaseOf(settings, newest);
      },
    };
  },
});
