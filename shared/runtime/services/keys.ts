import * as z from 'zod';
import { openDataKeySource } from '#cloud/keys.ts';
import { orgId } from '#domain/organization.ts';
import type { Secret } from '#domain/secret.ts';
import type { Scope } from '#store/scope.ts';
import { seal, unseal } from '../seal.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';
import { kms } from './kms.ts';
import { tableRead, tableWrite } from './table.ts';

/** Which value of a runner is sealed. */
export interface Place {
  readonly runner: string;
  readonly field: string;
}

/** Seals and opens the secrets of organizations, each with its organization's own key. */
export interface Keys {
  seal(scope: Scope, place: Place, value: Secret): Promise<string>;
  open(scope: Scope, place: Place, sealed: string): Promise<Secret>;
}

const cachedMs = 5 * 60_000;

/** Envelope encryption: one data key for each organization, wrapped by KMS, kept in memory for minutes. */
export const keys = service({
  id: 'keys',
  config: z.object({ RUNNER_PILOT_DATA_KEY: z.string().min(1) }),
  uses: [repositories, kms],
  grants: [tableRead, tableWrite, { on: 'data-key', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] }],
  open: (config, { use, clock }): Keys => {
    const { dataKeys } = use(repositories);
    const source = openDataKeySource(use(kms), config.RUNNER_PILOT_DATA_KEY);
    const cache = new Map<string, { readonly key: Promise<Uint8Array>; readonly until: number }>();

    async function load(scope: Scope, org: string): Promise<Uint8Array> {
      const known = await dataKeys.find(scope);
      if (known !== undefined) return source.unwrap(org, known);
      const made = await source.generate(org);
      const kept = await dataKeys.create(scope, made.wrapped);
      return kept === made.wrapped ? made.plain : source.unwrap(org, kept);
    }

    async function keyOf(scope: Scope): Promise<Uint8Array> {
      // The cache knows nothing of members: who may not be here gets no key from it either.
      if ('member' in scope) await scope.member;
      const org = orgId(scope.org);
      const cached = cache.get(org);
      if (cached && cached.until > clock.now()) return cached.key;
      const key = load(scope, org);
      cache.set(org, { key, until: clock.now() + cachedMs });
      key.catch(() => cache.delete(org));
      return key;
    }

    return {
      seal: async (scope, place, value) => seal(await keyOf(scope), { org: scope.org, ...place }, value),
      open: async (scope, place, sealed) => unseal(await keyOf(scope), { org: scope.org, ...place }, sealed),
    };
  },
});
