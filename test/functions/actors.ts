import { randomBytes } from 'node:crypto';
import { type Client, client, type Outcome } from '#contract/client.ts';
import type { Cloud } from '#test/cloud.ts';

/** What every test's cloud is started with: no agent, no sweep of its own, and rates that tests do not reach. */
export const quiet = {
  agent: false,
  sweepSeconds: 0,
  env: {
    RUNNER_PILOT_LOG_LEVEL: 'ERROR',
    RUNNER_PILOT_RATE_REGISTER: '100000/0.001',
    RUNNER_PILOT_RATE_LOGIN: '100000/0.001',
    RUNNER_PILOT_RATE_LOGIN_PERSON: '100000/0.001',
    RUNNER_PILOT_RATE_WRITE: '100000/0.001',
    RUNNER_PILOT_RATE_ENROLL: '100000/0.001',
  },
} as const;

/** A word that nobody else in this run has. */
export const unique = (prefix: string): string => `${prefix}${randomBytes(5).toString('hex')}`;

/** The body of an outcome that has to be good; what was answered instead is the failure's message. */
export function good<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.body;
  throw new Error(`${outcome.status} ${outcome.problem.code}: ${outcome.problem.detail}`);
}

/** The problem of an outcome that has to be a refusal. */
export function refused(outcome: Outcome<unknown>) {
  if (!outcome.ok) return outcome.problem;
  throw new Error(`Not refused: ${outcome.status} ${JSON.stringify(outcome.body).slice(0, 200)}`);
}

/** Somebody who is logged in. */
export interface Person {
  readonly uid: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly api: Client;
}

/** Registers somebody, and logs them in. */
export async function person(cloud: Pick<Cloud, 'url'>): Promise<Person> {
  const anyone = client({ url: cloud.url });
  const email = `${unique('john')}@example.com`;
  const password = 'strongpassword';
  const { uid } = good(await anyone.auth.register({ body: { full_name: 'John Doe', email, password } }));
  const { access_token: token } = good(await anyone.auth.login({ body: { email, password } }));
  return { uid, email, password, token, api: client({ url: cloud.url, token }) };
}

/** Somebody with an organization of their own. */
export async function owner(cloud: Pick<Cloud, 'url'>): Promise<Person & { readonly org_id: string }> {
  const somebody = await person(cloud);
  const short_name = unique('o');
  const organization = { name: 'Gigatech', short_name, type: 'personal' } as const;
  good(await somebody.api.onboarding.create({ body: { organization } }));
  return { ...somebody, org_id: short_name };
}

/** What the order sends to make a runner. */
export const runnerDraft = {
  name: 'Runner-01',
  docker_image: 'ubuntu:22.04',
  github_repo: 'Gigatech/my-repo',
  github_runner_token: 'ghr_1234567890abcdef',
} as const;

/** What the order sends to make a node. */
export const nodeDraft = { name: 'Node-01', type: 'Remote', ip_address: '192.168.1.10', port: 22 } as const;
