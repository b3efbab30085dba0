import * as z from 'zod';
import type { GithubResult, GithubScope } from '#domain/github.ts';
import { failed, type GithubCaller, pathOf } from './call.ts';
import type { GithubRunners } from './runners.ts';

/** A runner registered ahead of its start, and what it is started with: good once, for one job. */
export const JitConfig = z.object({
  encoded_jit_config: z.string().min(1),
  runner: z.object({ id: z.int(), name: z.string() }),
});
export type JitConfig = z.output<typeof JitConfig>;

/** A registration token, and when it expires (RFC 3339). */
export const RegistrationToken = z.object({ token: z.string().min(1), expires_at: z.string() });
export type RegistrationToken = z.output<typeof RegistrationToken>;

/** What a JIT config is minted for. A JIT runner has only the labels it is given: `self-hosted`, system and architecture too. */
export interface JitOrder {
  readonly name: string;
  readonly labels: readonly string[];
  /** @default 1, the group that everyone has */
  readonly runnerGroupId?: number;
  /** @default _work */
  readonly workFolder?: string;
}

/** How runners get in. */
export interface GithubRegistration {
  /** Registers a runner that does one job. A runner of its name that is there already is removed first. */
  mintJitConfig(scope: GithubScope, token: string, order: JitOrder): Promise<GithubResult<JitConfig>>;
  /** A token of an hour, for runners that register themselves and last. */
  createRegistrationToken(scope: GithubScope, token: string): Promise<GithubResult<RegistrationToken>>;
}

/** The calls by which runners get in. */
export function githubRegistration(call: GithubCaller, runners: GithubRunners): GithubRegistration {
  const mint = (scope: GithubScope, token: string, order: JitOrder) => {
    const { path, parameters } = pathOf(scope);
    return call(
      {
        what: 'register a runner',
        scope,
        token,
        route: `POST ${path}/runners/generate-jitconfig`,
        parameters: {
          ...parameters,
          name: order.name,
          labels: order.labels,
          runner_group_id: order.runnerGroupId ?? 1,
          work_folder: order.workFolder ?? '_work',
        },
      },
      JitConfig,
    );
  };

  return {
    async mintJitConfig(scope, token, order) {
      const first = await mint(scope, token, order);
      if (first.ok || first.failure.kind !== 'conflict') return first;

      // Names are ours alone, so what has it is an earlier attempt's whose answer was lost.
      const found = await runners.findRunner(scope, token, order.name);
      if (!found.ok) return found;
      if (found.value !== undefined) {
        const removed = await runners.removeRunner(scope, token, found.value.id, 10_000);
        if (!removed.ok) return removed;
        if (removed.value === 'busy') {
          return failed({
            kind: 'conflict',
            detail: `GitHub has a runner named "${order.name}" that runs a job. Wait for the job to end, or cancel it at GitHub.`,
          });
        }
      }
      return mint(scope, token, order);
    },

    createRegistrationToken(scope, token) {
      const { path, parameters } = pathOf(scope);
      const route = `POST ${path}/runners/registration-token`;
      return call({ what: 'issue a registration token', scope, token, route, parameters }, RegistrationToken);
    },
  };
}
