import { expect } from 'vitest';
import { client } from '#contract/client.ts';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { onceOnly, type Scenario } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';

const password = 'strongpassword';
const newEmail = () => `john-${crypto.randomUUID()}@example.com`;

async function somebody({ stage }: Tenant) {
  const anyone = client({ url: stage.cloud.url });
  const email = newEmail();
  bodyOf(await anyone.auth.register({ body: { full_name: 'John Doe', email, password } }));
  return { anyone, email };
}

/** Expects that somebody can log in, and gives what they are then. */
async function loggedIn({ stage }: Tenant, email: string) {
  const { access_token: token } = bodyOf(
    await client({ url: stage.cloud.url }).auth.login({ body: { email, password } }),
  );
  const api = client({ url: stage.cloud.url, token });
  return { api, me: bodyOf(await api.common.me()) };
}

/** Accounts, sessions, organizations. */
export const people: readonly Scenario[] = [
  {
    name: 'register',
    async begin(tenant) {
      const email = newEmail();
      const anyone = client({ url: tenant.stage.cloud.url });
      return {
        ask: () => anyone.auth.register({ body: { full_name: 'John Doe', email, password } }),
        done: 'email.taken',
        async check(answer) {
          const { me } = await loggedIn(tenant, email);
          expect(me.email).toBe(email);
          if (answer.ok) expect(answer.body).toMatchObject({ uid: me.uid });
        },
      };
    },
  },
  {
    name: 'log in',
    async begin(tenant) {
      const { anyone, email } = await somebody(tenant);
      return {
        ask: () => anyone.auth.login({ body: { email, password } }),
        async check(answer) {
          const { access_token: token } = (answer as { body: { access_token: string } }).body;
          expect(bodyOf(await client({ url: tenant.stage.cloud.url, token }).common.me()).email).toBe(email);
        },
      };
    },
  },
  {
    name: 'onboard',
    async begin(tenant) {
      const { email } = await somebody(tenant);
      const { api } = await loggedIn(tenant, email);
      const short_name = `on-${crypto.randomUUID().slice(0, 8)}`;
      const headers = onceOnly();
      return {
        ask: () =>
          api.onboarding.create({
            body: { organization: { name: 'Gigatech', short_name, type: 'personal' } },
            headers,
          }),
        async check() {
          const me = bodyOf(await api.common.me());
          expect(me).toMatchObject({ onboarded: true, organizations: [{ short_name }] });
          expect(me.organizations).toHaveLength(1);
        },
      };
    },
  },
  {
    name: 'create an organization',
    async begin(tenant) {
      const short_name = `in-${crypto.randomUUID().slice(0, 8)}`;
      const headers = onceOnly();
      return {
        ask: () =>
          tenant.api.organizations.create({ body: { name: 'Next', short_name, type: 'organization' }, headers }),
        async check() {
          expect(bodyOf(await tenant.api.organizations.get({ params: { org_id: short_name } }))).toMatchObject({
            name: 'Next',
            role: 'owner',
          });
        },
      };
    },
  },
  {
    name: 'change an organization',
    async begin({ api, org }) {
      const params = { org_id: org };
      return {
        ask: () => api.organizations.change({ params, body: { name: 'Changed' } }),
        async check() {
          expect(bodyOf(await api.organizations.get({ params }))).toMatchObject({ short_name: org, name: 'Changed' });
        },
      };
    },
  },
];
