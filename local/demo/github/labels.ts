import type { Answer, Call, Route } from './http.ts';
import { toLabels } from './registration.ts';
import { type Params, parsed, refusal, scoped, scopeOf, strings } from './rest.ts';
import type { State } from './state.ts';

/** A runner's custom labels; those that GitHub itself gives are read-only, and stay. */
export function labelRoutes(state: State): Route[] {
  const route = (method: string, tail: string, change?: (own: string[], given: string[], params: Params) => string[]) =>
    scoped(method, `runners/:id/labels${tail}`, (call: Call, params: Params): Answer => {
      const runner = state.runners.get(Number(params.id));
      if (runner?.scope !== scopeOf(params)) return refusal(404, 'Not Found');
      if (change !== undefined) {
        const own = runner.labels.filter((label) => label.type === 'custom').map((label) => label.name);
        const kept = runner.labels.filter((label) => label.type === 'read-only');
        const given = strings(parsed(call).labels) ?? [];
        runner.labels = [...kept, ...toLabels(state, change(own, given, params))];
        state.changed();
      }
      return { status: 200, json: { total_count: runner.labels.length, labels: runner.labels } };
    });
  return [
    ...route('GET', ''),
    ...route('POST', '', (own, given) => [...own, ...given]),
    ...route('PUT', '', (_, given) => given),
    ...route('DELETE', '', () => []),
    ...route('DELETE', '/:label', (own, _, params) => own.filter((name) => name !== params.label)),
  ];
}
