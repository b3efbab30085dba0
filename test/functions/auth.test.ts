import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, owner, person, quiet, refused, unique } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

const anyone = () => client({ url: cloud.url });
const registration = (email = `${unique('j')}@example.com`) => ({
  full_name: 'John Doe',
  email,
  password: 'strongpassword',
});

describe('registering', () => {
  test('answers who somebody is, and nothing of their password', async () => {
    const body = registration();

    const user = good(await anyone().auth.register({ body }));

    expect(user).toEqual({
      uid: expect.any(String),
      full_name: 'John Doe',
      email: body.email,
      created_at: expect.any(String),
    });
  });

  test.each([
    ['in another case', (name: string) => `${name.toUpperCase()}@EXAMPLE.com`],
    ['with full-width letters in the domain', (name: string) => `${name}@ｅxample.com`],
  ])('an e-mail %s is the same e-mail', async (_how, spell) => {
    const name = unique('j');
    good(await anyone().auth.register({ body: registration(`${name}@example.com`) }));

    const again = refused(await anyone().auth.register({ body: registration(spell(name)) }));

    expect(again).toMatchObject({ status: 409, code: 'email.taken' });
  });

  test.each(['password1', 'PASSWORD1', 'qwertyuiop'])('the password %s is too common', async (password) => {
    const problem = refused(await anyone().auth.register({ body: { ...registration(), password } }));

    expect(problem).toMatchObject({ status: 400, errors: [{ path: 'body.password' }] });
  });

  test.each(['GitHub-2026', 'runner pilot!'])('the password %s is too obvious', async (password) => {
    const problem = refused(await anyone().auth.register({ body: { ...registration(), password } }));

    expect(problem).toMatchObject({ status: 400, errors: [{ path: 'body.password' }] });
  });

  test('of 20 at once with one e-mail exactly one wins', async () => {
    const body = registration();

    const outcomes = await Promise.all(Array.from({ length: 20 }, () => anyone().auth.register({ body })));

    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const problems = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.problem.detail]));
    expect(new Set(problems)).toEqual(
      new Set([`The e-mail "${body.email}" is registered already. Log in, or use another one.`]),
    );
  });
});

describe('logging in', () => {
  test('takes exactly the password that was given', async () => {
    const { email } = await person(cloud);
    const wrong = ['strongpassworD', 'strongpassword ', ' strongpassword', 'strongpasswor', ''];

    for (const password of wrong) {
      const body = { email: email.toUpperCase(), password };
      const outcome = await anyone().auth.login({ body });
      expect([401, 429]).toContain(outcome.status);
    }
  });

  test('an unknown e-mail and a wrong password are answered alike, but for the request id', async () => {
    const { email } = await person(cloud);

    const [wrong, unknown] = await Promise.all([
      anyone().auth.login({ body: { email, password: 'not the password' } }),
      anyone().auth.login({ body: { email: `${unique('x')}@example.com`, password: 'not the password' } }),
    ]);

    const text = (outcome: typeof wrong) => JSON.stringify({ ...refused(outcome), request_id: '' });
    expect(text(wrong)).toBe(text(unknown));
    expect(wrong.status).toBe(401);
    expect([...wrong.headers.keys()]).toEqual([...unknown.headers.keys()]);
  });

  test('guessing is slowed down, from 1 s on, and the right password ends that', async () => {
    const { email, password } = await person(cloud);
    const guess = { email, password: 'not the password' };
    expect((await anyone().auth.login({ body: guess })).status).toBe(401);

    const tooSoon = await anyone().auth.login({ body: guess });

    expect(refused(tooSoon).code).toBe('rate.limited');
    expect(Number(tooSoon.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const login = async () => (await anyone().auth.login({ body: { email, password } })).status;
    await expect.poll(login, { timeout: 10_000, interval: 250 }).toBe(200);
    expect((await anyone().auth.login({ body: guess })).status).toBe(401);
  });
});

describe('onboarding', () => {
  test('makes the first organization once, and me knows it', async () => {
    const john = await owner(cloud);

    const again = await john.api.onboarding.create({
      body: { organization: { name: 'Again', short_name: unique('o'), type: 'personal' } },
    });

    expect(refused(again).code).toBe('onboarding.done');
    expect(good(await john.api.common.me())).toMatchObject({
      uid: john.uid,
      email: john.email,
      onboarded: true,
      organizations: [{ short_name: john.org_id, name: 'Gigatech', role: 'owner' }],
    });
  });

  test('by 10 at once with one short name has one winner', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => person(cloud)));
    const organization = { name: 'Gigatech', short_name: unique('o'), type: 'personal' } as const;

    const outcomes = await Promise.all(people.map(({ api }) => api.onboarding.create({ body: { organization } })));

    const winners = outcomes.filter(({ ok }) => ok);
    expect(winners).toHaveLength(1);
    const onboarded = await Promise.all(people.map(async ({ api }) => good(await api.common.me()).onboarded));
    expect(onboarded.filter(Boolean)).toHaveLength(1);
  });
});

describe('the rates of /auth', () => {
  test('are told, and after the tenth registration refused alike for taken and free e-mails', async () => {
    const { takenBody, outcomes } = await inOtherProcess();

    expect(outcomes.slice(0, 10).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(outcomes[10]).toEqual(outcomes[11]);
    expect(outcomes[10]).toMatchObject({ status: 429, code: 'rate.limited' });
    expect(takenBody).toBeDefined();
  });

  /** The same cloud has one set of rates: this one is closed, and another is started with those of a deployment. */
  async function inOtherProcess() {
    await cloud.close();
    cloud = await startCloud({ agent: false, sweepSeconds: 0, env: { RUNNER_PILOT_LOG_LEVEL: 'ERROR' } });
    const bodies = Array.from({ length: 10 }, () => registration());
    const takenBody = bodies[0];
    const outcomes = [];
    for (const body of [...bodies, ...(takenBody ? [takenBody] : []), registration()]) {
      const outcome = await anyone().auth.register({ body });
      expect(outcome.headers.get('ratelimit-limit')).toBe('10');
      outcomes.push({ status: outcome.status, code: outcome.ok ? undefined : outcome.problem.code });
    }
    return { takenBody, outcomes };
  }
});
