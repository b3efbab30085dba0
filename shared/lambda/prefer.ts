import { problem } from '#domain/problem.ts';

/** How long a caller wants to wait for an effect, and what `Preference-Applied` says about it. */
export interface Wait {
  readonly seconds: number;
  readonly applied: string | undefined;
}

const longestSeconds = 25;

/** Reads `Prefer: wait=N` and `Prefer: respond-async` (RFC 7240); what is unknown is ignored, as it asks (section 2). */
export function readPrefer(header: string | undefined, defaultSeconds: number): Wait {
  // Section 2: the first of several preferences of one name counts.
  const preferences = (header ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase() ?? '');
  const wait = preferences.find((preference) => /^wait\s*=/.test(preference));
  if (wait !== undefined) {
    const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/.exec(wait)?.[1];
    if (seconds === undefined) throw problem('request.malformed', 'Prefer: wait takes whole seconds, such as wait=10.');
    const applied = preferences.includes('respond-async') ? 0 : Math.min(Number(seconds), longestSeconds);
    return { seconds: applied, applied: applied === 0 ? 'respond-async' : `wait=${applied}` };
  }
  if (preferences.includes('respond-async')) return { seconds: 0, applied: 'respond-async' };
  return { seconds: defaultSeconds, applied: undefined };
}
