import { type Caller, caller } from '#test/journeys/http.ts';
import { logIn } from '#test/journeys/tenant.ts';
import type { Stage } from '../stage.ts';

/** A login lasts an hour: this one is renewed well before. */
const renewEveryMs = 20 * 60_000;

/** Gives a caller whose token is good for a while. */
export function renewing(stage: Stage): () => Promise<Caller> {
  let at = Date.now();
  let current = Promise.resolve<Caller>(stage.tenant.api);
  return () => {
    if (Date.now() - at < renewEveryMs) return current;
    at = Date.now();
    current = logIn(stage.mode.url).then((token) => caller(stage.mode.url, token));
    return current;
  };
}
