import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** Somebody who can log in. */
interface Login {
  readonly email: string;
  readonly password: string;
}

/** What a flood is made of. */
export interface FloodOptions {
  readonly count: number;
  /** Each logs in once; all other logins are of people that nobody knows. */
  readonly known: readonly Login[];
  /** What others do meanwhile, again and again; resolves with the status. */
  readonly others: readonly (() => Promise<number>)[];
}

interface LoginAnswer {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
}

/** What was answered. */
export interface Flood {
  readonly logins: readonly LoginAnswer[];
  readonly others: readonly { readonly status: number; readonly tookMs: number }[];
}

/** Each on a connection of its own, as of as many people: none of them is those of others. */
async function logIn(url: string, login: Login): Promise<LoginAnswer> {
  const headers = { 'content-type': 'application/json' };
  const asked = request(`${url}/auth/login`, { method: 'POST', headers, agent: false }).end(JSON.stringify(login));
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  answer?.resume();
  return { status: answer?.statusCode, retryAfter: answer?.headers['retry-after'] };
}

/** Logs in many times at once, while others go on with what they do, until the last login has its answer. */
export async function floodOfLogins(url: string, { count, known, others }: FloodOptions): Promise<Flood> {
  const strangers = Array.from({ length: count - known.length }, () => ({
    email: `${randomUUID()}@example.com`,
    password: 'a-strong-passphrase',
  }));
  let over = false;
  const logins = Promise.all(
    // Those who are known come first: the queue for a check is short.
    [...known, ...strangers].map((login) => logIn(url, login)),
  ).finally(() => {
    over = true;
  });
  const lanes = others.map(async (call) => {
    const seen: { status: number; tookMs: number }[] = [];
    do {
      const from = performance.now();
      const status = await call();
      seen.push({ status, tookMs: performance.now() - from });
    } while (!over);
    return seen;
  });
  const [answered, ...seen] = await Promise.all([logins, ...lanes]);
  return { logins: answered, others: seen.flat() };
}
