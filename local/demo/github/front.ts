import { type Answer, type Call, match, type Route } from './http.ts';
import { refusal } from './rest.ts';
import type { State } from './state.ts';

/** The credential that a call brings. */
export const credentialOf = (call: Call): string =>
  (call.headers.authorization ?? '').replace(/^(?:Bearer|token) /i, '');

const userTokens = /^(?:ghp_|github_pat_|gho_|ghu_|ghs_)/;
const free = new Set(['/rate_limit', '/meta']);
const hourMs = 3600_000;

/** What stands before the REST API: its limits, and who may call it. `open` routes need no credential. */
export function createFront(state: State, open: readonly Route[], closed: readonly Route[]) {
  const limits = (credential: string, cost: number) => {
    const old = state.spent.get(credential);
    const fresh = { count: 0, resetsAt: state.now() + hourMs };
    const spent = old === undefined || old.resetsAt <= state.now() ? fresh : old;
    spent.count += cost;
    state.spent.set(credential, spent);
    const remaining = Math.max(0, state.rateLimit - spent.count);
    return { limit: state.rateLimit, used: spent.count, remaining, reset: Math.ceil(spent.resetsAt / 1000) };
  };
  const routes: Route[] = [
    ...open,
    { method: 'GET', path: '/meta', answer: () => ({ status: 200, json: { hooks: ['127.0.0.0/8'] } }) },
    {
      method: 'GET',
      path: '/rate_limit',
      answer: (call) => {
        const core = limits(credentialOf(call), 0);
        return { status: 200, json: { resources: { core }, rate: core } };
      },
    },
  ];

  const within = (call: Call, used: number): Answer | Promise<Answer> => {
    if (used > state.rateLimit) return refusal(403, 'API rate limit exceeded for this credential.');
    const answer = match(routes, call);
    if (answer !== undefined) return answer();
    const credential = credentialOf(call);
    const status = state.refused.get(credential);
    if (status === 403) return refusal(403, 'Resource not accessible by personal access token');
    if (status === 404) return refusal(404, 'Not Found');
    if (status !== undefined || !userTokens.test(credential)) return refusal(401, 'Bad credentials');
    return match(closed, call)?.() ?? refusal(404, 'Not Found');
  };

  return async (call: Call): Promise<Answer> => {
    const spent = limits(credentialOf(call), free.has(call.path) ? 0 : 1);
    const made = await within(call, spent.used);
    const counted = Object.entries(spent).map(([key, value]) => [`x-ratelimit-${key}`, `${value}`]);
    const headers = { ...Object.fromEntries(counted), 'x-ratelimit-resource': 'core' };
    return { ...made, headers: { 'x-github-request-id': `STAND:IN:${state.nextId()}`, ...headers, ...made.headers } };
  };
}
