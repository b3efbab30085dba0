import { type Caller, caller, until } from './http.ts';

/** The personal access token of every runner in journeys: it must show up nowhere. */
export const canary = 'ghp_canaryCanaryCanaryCanaryCanary0001';
/** The password of everybody in journeys: so must it. */
export const passphrase = 'a-strong-passphrase';
export const repository = 'Gigatech/my-repo';

/** Somebody with an organization and this machine attached to it. */
export interface Tenant {
  readonly token: string;
  readonly api: Caller;
  readonly node: string;
  /** Makes a runner; the answer is the path of its instances. */
  makeRunner(draft: Readonly<Record<string, unknown>>): Promise<string>;
}

/** An answer's body, if it was a 200. */
export async function ask(api: Caller, method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await api(method, path, body, headers);
  if (answer.status === 200) return answer.body;
  throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** Somebody with an organization, GT. */
export type Owner = Pick<Tenant, 'token' | 'api'>;

const login = { email: 'john@example.com', password: passphrase };

/** Logs John Doe in: a token lasts an hour. */
export const logIn = async (url: string): Promise<string> =>
  (await ask(caller(url), 'POST', '/auth/login', login)).access_token;

/** Registers John Doe with the organization GT. */
export async function signUp(url: string): Promise<Owner> {
  await ask(caller(url), 'POST', '/auth/register', { full_name: 'John Doe', ...login });
  const token = await logIn(url);
  const api = caller(url, token);
  await ask(api, 'POST', '/onboarding', {
    organization: { name: 'Gigatech', short_name: 'GT', type: 'personal' },
  });
  return { token, api };
}

/** Registers John Doe with the organization GT, and attaches this machine. */
export async function settleIn(url: string): Promise<Tenant> {
  const { token, api } = await signUp(url);
  const { uid: node } = await ask(api, 'POST', '/org/GT/nodes', { name: 'Node-01', type: 'Socket' });
  await until('the node to be online', async () => {
    const { connection, facts } = await ask(api, 'GET', `/org/GT/nodes/${node}`);
    return connection === 'online' && facts?.engine;
  });
  return {
    token,
    api,
    node,
    async makeRunner(draft) {
      const runner = { github_repo: repository, github_runner_token: canary, ...draft };
      return `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    },
  };
}
