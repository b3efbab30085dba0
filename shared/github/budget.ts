import type { BoundedFetch } from './http.ts';

/**
 * Tells after each answer how much of its credential's requests for this hour is left, in percent. Requests without a
 * credential have a small budget of their own, by address, and are not told of.
 */
export function watchBudget(fetch: BoundedFetch, onBudget: (percentLeft: number) => void): BoundedFetch {
  return (timeoutMs) => {
    const send = fetch(timeoutMs);
    return async (url, init) => {
      const response = await send(url, init);
      const limit = Number(response.headers.get('x-ratelimit-limit'));
      const remaining = response.headers.get('x-ratelimit-remaining');
      if (init?.headers?.authorization !== undefined && limit > 0 && remaining !== undefined) {
        onBudget((100 * Number(remaining)) / limit);
      }
      return response;
    };
  };
}
