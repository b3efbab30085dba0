import * as z from 'zod';
import type { GithubResult, GithubScope } from '#domain/github.ts';
import { type GithubCaller, pathOf } from './call.ts';

/** A runner as GitHub shows it. `version` is there once it has connected; `status` is `online` or `offline`. */
export const GithubRunner = z.object({
  id: z.int(),
  name: z.string(),
  status: z.string(),
  busy: z.boolean(),
  labels: z.array(z.object({ name: z.string() })),
  ephemeral: z.boolean().optional(),
  version: z.string().nullish(),
});
export type GithubRunner = z.output<typeof GithubRunner>;

const Page = z.object({ total_count: z.int(), runners: z.array(GithubRunner) });
const Nothing = z.unknown();

const perPage = 100;
/** 10,000 runners are the most that a group may have. */
const mostPages = 100;

/** What may be done to runners that are there. */
export interface GithubRunners {
  /** All runners of the scope, or those of a name; read page by page. */
  listRunners(scope: GithubScope, token: string, name?: string): Promise<GithubResult<GithubRunner[]>>;
  findRunner(scope: GithubScope, token: string, name: string): Promise<GithubResult<GithubRunner | undefined>>;
  /** What GitHub knows now of a runner; ask this rather than the list before deciding about one. */
  getRunner(scope: GithubScope, token: string, id: number): Promise<GithubResult<GithubRunner>>;
  /** Makes GitHub forget a runner, unless it runs a job. @default timeoutMs 2_000 */
  removeRunner(
    scope: GithubScope,
    token: string,
    id: number,
    timeoutMs?: number,
  ): Promise<GithubResult<'removed' | 'absent' | 'busy'>>;
}

/** The calls about runners that are there. */
export function githubRunners(call: GithubCaller): GithubRunners {
  const listRunners: GithubRunners['listRunners'] = async (scope, token, name) => {
    const { path, parameters } = pathOf(scope);
    const found = new Map<number, GithubRunner>();
    for (let page = 1; page <= mostPages; page++) {
      const answer = await call(
        {
          what: 'list runners',
          scope,
          token,
          route: `GET ${path}/runners`,
          parameters: { ...parameters, per_page: perPage, page, ...(name !== undefined && { name }) },
        },
        Page,
      );
      if (!answer.ok) return answer;
      // Pages move while runners come and go: the same one may be on two.
      for (const runner of answer.value.runners) found.set(runner.id, runner);
      if (answer.value.runners.length < perPage || page * perPage >= answer.value.total_count) break;
    }
    return { ok: true, value: [...found.values()] };
  };

  return {
    listRunners,

    async findRunner(scope, token, name) {
      const answer = await listRunners(scope, token, name);
      // Older Enterprise Servers ignore the name and list all.
      return answer.ok ? { ok: true, value: answer.value.find((runner) => runner.name === name) } : answer;
    },

    getRunner(scope, token, id) {
      const { path, parameters } = pathOf(scope);
      const route = `GET ${path}/runners/{runner_id}`;
      return call(
        { what: 'show a runner', scope, token, route, parameters: { ...parameters, runner_id: id } },
        GithubRunner,
      );
    },

    async removeRunner(scope, token, id, timeoutMs = 2_000) {
      const { path, parameters } = pathOf(scope);
      const route = `DELETE ${path}/runners/{runner_id}`;
      const answer = await call(
        { what: 'remove a runner', scope, token, route, parameters: { ...parameters, runner_id: id }, timeoutMs },
        Nothing,
      );
      if (answer.ok) return { ok: true, value: 'removed' };
      // 404: gone already, which is what was wanted. 422: "is still running a job".
      if (answer.failure.kind === 'not_found') return { ok: true, value: 'absent' };
      return answer.failure.kind === 'invalid' && answer.failure.status === 422 ? { ok: true, value: 'busy' } : answer;
    },
  };
}
