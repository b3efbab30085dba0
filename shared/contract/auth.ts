import * as z from 'zod';
import { EmailAddress } from '#domain/email.ts';
import { FullName, Password } from '#domain/grammar.ts';
import { roles } from '#domain/permissions.ts';
import { NoParams, NoQuery, Timestamp, Uid } from './fields.ts';
import { operation } from './operation.ts';
import { Organization, OrganizationDraft } from './organizations.ts';

const Email = z.string().max(254, 'must have at most 254 characters');

/** A person, as the API shows them. */
export const User = z.object({ uid: Uid, full_name: z.string(), email: z.string(), created_at: Timestamp });

const john = {
  uid: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
  full_name: 'John Doe',
  email: 'john@example.com',
  created_at: '2025-10-15T12:00:00Z',
};

export const register = operation({
  id: 'auth.register',
  method: 'POST',
  path: '/auth/register',
  summary: 'Register a new user',
  tag: 'Users',
  audience: 'public',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({ full_name: FullName, email: EmailAddress, password: Password }),
  reply: User,
  problems: ['email.taken', 'rate.limited'],
  bodyLimitBytes: 8192,
  examples: {
    order: {
      body: { full_name: 'John Doe', email: 'john@example.com', password: 'strongpassword' },
      reply: john,
    },
  },
});

export const login = operation({
  id: 'auth.login',
  method: 'POST',
  path: '/auth/login',
  summary: 'Get an access token',
  description: 'The token is a JWT (ES256) that is good for an hour. Send it as `Authorization: Bearer …`.',
  tag: 'Users',
  audience: 'public',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({ email: Email, password: z.string().max(128, 'must have at most 128 characters') }),
  reply: z.object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int() }),
  problems: ['login.refused', 'rate.limited'],
  bodyLimitBytes: 8192,
  examples: {
    order: {
      body: { email: 'john@example.com', password: 'strongpassword' },
      reply: { access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...', token_type: 'Bearer', expires_in: 3600 },
    },
  },
});

export const onboarding = operation({
  id: 'onboarding.create',
  method: 'POST',
  path: '/onboarding',
  summary: "Set up the caller's first organization",
  description: 'Makes the organization and its owner: the caller. Refused to whoever is in an organization already.',
  tag: 'Users',
  audience: 'user',
  params: NoParams,
  query: NoQuery,
  body: z.strictObject({ organization: OrganizationDraft }),
  reply: z.object({ organization: Organization }),
  problems: ['onboarding.done', 'organization.taken'],
  idempotent: true,
  examples: {
    order: {
      body: { organization: { name: 'Gigatech', short_name: 'GT', type: 'personal' } },
      reply: {
        organization: {
          name: 'Gigatech',
          short_name: 'GT',
          type: 'personal',
          created_at: '2025-10-15T12:00:00Z',
          placement: 'spread',
          role: 'owner',
        },
      },
    },
  },
});

export const me = operation({
  id: 'common.me',
  method: 'GET',
  path: '/common/me',
  summary: 'Get the caller, and the organizations they are in',
  tag: 'Users',
  audience: 'user',
  params: NoParams,
  query: NoQuery,
  reply: User.extend({
    onboarded: z.boolean(),
    organizations: z.array(z.object({ short_name: z.string(), name: z.string(), role: z.enum(roles) })),
  }),
  problems: [],
  examples: {
    order: {
      reply: {
        ...john,
        onboarded: true,
        organizations: [
          { short_name: 'GT', name: 'Gigatech', role: 'owner' },
          { short_name: 'NT', name: 'NextTech', role: 'member' },
        ],
      },
    },
  },
});
