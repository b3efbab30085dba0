import type { Answer, Call, Route } from './http.ts';
import type { Jobs } from './jobs.ts';
import { register, runnerByName } from './registration.ts';
import { isOnline, type RegisteredRunner, type State } from './state.ts';

const documentation = 'https://docs.github.com/rest/actions/self-hosted-runners';

/** An error as GitHub's REST API shows one. */
export const refusal = (status: number, message: string): Answer => ({
  status,
  json: { message, documentation_url: documentation, status: `${status}` },
});

/** A path's parameters. */
export type Params = Readonly<Record<string, string>>;

/** The scope that a path names: `owner/name` or `owner`, in lower case. */
export const scopeOf = (params: Params) => [params.owner, params.name].filter(Boolean).join('/').toLowerCase();

/** One route for repositories, and one for organizations. */
export const scoped = (method: string, tail: string, answer: Route['answer']): Route[] => [
  { method, path: `/repos/:owner/:name/actions/${tail}`, answer },
  { method, path: `/orgs/:owner/actions/${tail}`, answer },
];

/** A body's members; none if it is no JSON object. */
export const parsed = (call: Call): Record<string, unknown> => {
  try {
    const body: unknown = JSON.parse(call.body || '{}');
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
};

/** A list of strings, if that is what it is. */
export const strings = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;

/** The self-hosted runners' part of the REST API. */
export function restRoutes(state: State, jobs: Jobs): Route[] {
  const shown = (runner: RegisteredRunner) => ({
    id: runner.id,
    runner_group_id: runner.groupId,
    name: runner.name,
    os: runner.session === undefined ? 'unknown' : 'linux',
    status: isOnline(state, runner) ? 'online' : 'offline',
    busy: jobs.of(runner) !== undefined,
    labels: runner.labels,
    ephemeral: runner.ephemeral,
    ...(runner.version !== undefined && { version: runner.version }),
  });
  const find = (params: Params) => {
    const runner = state.runners.get(Number(params.id));
    return runner?.scope === scopeOf(params) ? runner : undefined;
  };
  const issue = (purpose: 'register' | 'remove') => (_: Call, params: Params) => {
    const token = `A${state.secret(purpose).slice(0, 28).toUpperCase()}`;
    const expiresAt = state.now() + 3600_000;
    state.issued.set(token, { scope: scopeOf(params), purpose, expiresAt });
    return { status: 201, json: { token, expires_at: new Date(expiresAt).toISOString() } };
  };

  const mint = (call: Call, params: Params): Answer => {
    const body = parsed(call);
    const labels = strings(body.labels);
    const { name, runner_group_id: groupId } = body;
    if (typeof name !== 'string' || name.length === 0 || name.length > 64)
      return refusal(422, 'Invalid request: name must have 1 to 64 characters.');
    if (labels === undefined || labels.length < 1 || labels.length > 100)
      return refusal(422, 'Invalid request: labels must have 1 to 100 items.');
    if (typeof groupId !== 'number') return refusal(422, 'Invalid request: runner_group_id is required.');
    if (groupId !== 1) return refusal(404, 'Not Found');
    const scope = scopeOf(params);
    if (runnerByName(state, scope, name))
      return refusal(409, `Already exists - A runner with the name ${name} already exists.`);
    const workFolder = typeof body.work_folder === 'string' ? body.work_folder : '_work';
    const { runner, config } = register(state, {
      scope,
      name,
      labels,
      ephemeral: true,
      jit: true,
      groupId,
      workFolder,
    });
    return { status: 201, json: { runner: shown(runner), encoded_jit_config: config } };
  };

  const list = (call: Call, params: Params): Answer => {
    const perPage = Math.min(Number(call.query.get('per_page') ?? 30) || 30, 100);
    const page = Number(call.query.get('page') ?? 1) || 1;
    const name = call.query.get('name');
    const all = [...state.runners.values()].filter(
      (runner) => runner.scope === scopeOf(params) && (name === null || runner.name === name),
    );
    const here = all.slice((page - 1) * perPage, page * perPage).map(shown);
    const query = new URLSearchParams(call.query);
    query.set('page', `${page + 1}`);
    const link = page * perPage < all.length && {
      headers: { link: `<${state.url}/api/v3${call.path}?${query}>; rel="next"` },
    };
    return { status: 200, json: { total_count: all.length, runners: here }, ...link };
  };

  const remove = (_: Call, params: Params): Answer => {
    const runner = find(params);
    if (runner === undefined) return refusal(404, 'Not Found');
    if (jobs.of(runner)) return refusal(422, `Bad request - Runner "${runner.name}" is still running a job"`);
    state.runners.delete(runner.id);
    state.changed();
    return { status: 204 };
  };

  return [
    ...scoped('POST', 'runners/registration-token', issue('register')),
    ...scoped('POST', 'runners/remove-token', issue('remove')),
    ...scoped('POST', 'runners/generate-jitconfig', mint),
    ...scoped('GET', 'runners', list),
    ...scoped('GET', 'runners/:id', (_, params) => {
      const runner = find(params);
      return runner ? { status: 200, json: shown(runner) } : refusal(404, 'Not Found');
    }),
    ...scoped('DELETE', 'runners/:id', remove),
  ];
}
