import { awsFault } from '../aws/fault.ts';

/** A token bucket: so many calls a second, with as many in reserve. */
export function createThrottle(perSecond: number, now: () => number): () => void {
  let [tokens, filledAt] = [perSecond, now()];
  return () => {
    const time = now();
    tokens = Math.min(perSecond, tokens + ((time - filledAt) / 1000) * perSecond);
    filledAt = time;
    if (tokens < 1) throw awsFault('ThrottlingException', 'Rate exceeded');
    tokens -= 1;
  };
}
