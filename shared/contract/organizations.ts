import * as z from 'zod';
import { Name, ShortName } from '#domain/grammar.ts';
import { OrganizationType, PlacementStrategy } from '#domain/organization.ts';
import { roles } from '#domain/permissions.ts';
import { NoParams, NoQuery, OrgParams, pageQuery, Timestamp } from './fields.ts';
import { operation } from './operation.ts';

/** An organization, as the API shows it; `role` is the caller's. */
export const Organization = z.object({
  name: z.string(),
  short_name: z.string(),
  type: OrganizationType,
  created_at: Timestamp,
  placement: PlacementStrategy,
  role: z.enum(roles),
});

/** What makes an organization. */
export const OrganizationDraft = z.strictObject({ name: Name, short_name: ShortName, type: OrganizationType });

const gigatech = {
  name: 'Gigatech',
  short_name: 'GT',
  type: 'organization',
  created_at: '2025-10-15T12:00:00Z',
  placement: 'spread',
  role: 'owner',
};

export const create = operation({
  id: 'organizations.create',
  method: 'POST',
  path: '/org',
  summary: 'Create an organization',
  description: 'Its creator is its owner. `short_name` is its id in every path: unique without regard to case.',
  tag: 'Organizations',
  audience: 'user',
  params: NoParams,
  query: NoQuery,
  body: OrganizationDraft,
  reply: Organization,
  problems: ['organization.taken'],
  idempotent: true,
  examples: { order: { body: { name: 'Gigatech', short_name: 'GT', type: 'organization' }, reply: gigatech } },
});

export const get = operation({
  id: 'organizations.get',
  method: 'GET',
  path: '/org/{org_id}',
  summary: 'Get an organization',
  tag: 'Organizations',
  audience: 'user',
  params: OrgParams,
  query: NoQuery,
  reply: Organization,
  problems: ['organization.not-found'],
  versioned: true,
  examples: { order: { reply: gigatech } },
});

export const list = operation({
  id: 'organizations.list',
  method: 'GET',
  path: '/org',
  summary: 'List the organizations that the caller belongs to',
  tag: 'Organizations',
  audience: 'user',
  params: NoParams,
  query: z.strictObject(pageQuery),
  reply: z.array(Organization),
  problems: [],
  paged: true,
  examples: {
    order: {
      reply: [
        gigatech,
        {
          name: 'NextTech',
          short_name: 'NT',
          type: 'personal',
          created_at: '2025-10-15T12:01:00Z',
          placement: 'spread',
          role: 'member',
        },
      ],
    },
  },
});

export const change = operation({
  id: 'organizations.change',
  method: 'PUT',
  path: '/org/{org_id}',
  summary: 'Change an organization',
  description:
    'Changes what it names and leaves the rest. `placement` says which node is chosen where none is named: the emptiest ' +
    '(`spread`) or the fullest that has room (`binpack`).',
  tag: 'Organizations',
  audience: 'user',
  params: OrgParams,
  query: NoQuery,
  body: z.strictObject({
    name: Name.optional(),
    placement: PlacementStrategy.optional(),
    short_name: z.unknown().optional(),
    type: z.unknown().optional(),
    created_at: z.unknown().optional(),
    role: z.unknown().optional(),
  }),
  readOnly: { equal: ['short_name', 'type', 'created_at', 'role'], ignored: [] },
  reply: Organization,
  problems: ['organization.not-found'],
  versioned: true,
  examples: {
    order: {
      body: { name: 'Gigatech Updated' },
      reply: { ...gigatech, name: 'Gigatech Updated' },
    },
  },
});
