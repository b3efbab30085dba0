import * as z from 'zod';
import { RegistryHost, RegistryPassword, RegistryUsername } from '#domain/grammar.ts';
import { registryId } from '#domain/registry.ts';
import { Deleted, NoQuery, OrgParams, pageQuery, Timestamp } from './fields.ts';
import { operation } from './operation.ts';

/** How an organization logs in at a registry of images. The password is never shown. */
export const Registry = z.object({
  host: z.string(),
  username: z.string(),
  created_at: Timestamp,
  changed_at: Timestamp,
});

// What is unknown is 404, whatever its form.
const RegistryParams = OrgParams.extend({ host: z.string().min(1).max(255).transform(registryId) });

const registry = {
  host: 'ghcr.io',
  username: 'gigatech-bot',
  created_at: '2025-10-15T12:10:00Z',
  changed_at: '2025-10-15T12:10:00Z',
};

export const list = operation({
  id: 'registries.list',
  method: 'GET',
  path: '/org/{org_id}/registries',
  summary: 'List the registries that an organization logs in at',
  tag: 'Registries',
  audience: 'user',
  params: OrgParams,
  query: z.strictObject(pageQuery),
  reply: z.array(Registry),
  problems: [],
  paged: true,
  examples: { one: { reply: [registry] } },
});

export const put = operation({
  id: 'registries.put',
  method: 'PUT',
  path: '/org/{org_id}/registries/{host}',
  summary: 'Say how to log in at a registry',
  description:
    'Images of this registry are then pulled with this name and password, by whichever node an instance is placed on. ' +
    '`host` is what their references begin with (`ghcr.io`, `localhost:5000`), or `docker.io`. Give a token that may do ' +
    'nothing but pull: whoever owns a node that pulls can read it there. The password is never shown again; left out, ' +
    'the one before stays.',
  tag: 'Registries',
  audience: 'user',
  params: OrgParams.extend({ host: RegistryHost }),
  query: NoQuery,
  body: z.strictObject({
    username: RegistryUsername.optional(),
    password: RegistryPassword.optional(),
    host: z.unknown().optional(),
    created_at: z.unknown().optional(),
    changed_at: z.unknown().optional(),
  }),
  readOnly: { equal: ['host', 'created_at'], ignored: ['changed_at'] },
  reply: Registry,
  problems: ['registry.not-found', 'organization.limit'],
  versioned: true,
  examples: { token: { body: { username: 'gigatech-bot', password: 'ghp_…' }, reply: registry } },
});

export const get = operation({
  id: 'registries.get',
  method: 'GET',
  path: '/org/{org_id}/registries/{host}',
  summary: 'Get how an organization logs in at a registry',
  tag: 'Registries',
  audience: 'user',
  params: RegistryParams,
  query: NoQuery,
  reply: Registry,
  problems: ['registry.not-found'],
  versioned: true,
  examples: { one: { reply: registry } },
});

export const remove = operation({
  id: 'registries.remove',
  method: 'DELETE',
  path: '/org/{org_id}/registries/{host}',
  summary: 'Forget how to log in at a registry',
  tag: 'Registries',
  audience: 'user',
  params: RegistryParams,
  query: NoQuery,
  reply: Deleted,
  problems: ['registry.not-found'],
  examples: { one: { reply: { message: 'Registry deleted successfully.' } } },
});
