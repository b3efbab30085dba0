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

/** Which value of what is sealed: of a runner, or of a registry. */
export interface Place {
  readonly subject: string;
  readonly field: string;
}

/** Opens the secrets of organizations, each with its organization's own key. */
export interface KeyReader {
  open(scope: Scope, place: Place, sealed: string): Promise<Secret>;
}

/** Seals them too. */
export interface Keys extends KeyReader {
  seal(scope: Scope, place: Place, value: Secret): Promise<string>;
}

type Load = (scope: Scope, org: string) => Promise<Uint8Array>;

const cachedMs = 5 * 60_000;

/** Keeps data keys in memory for minutes. */
function openKeys(load: Load, now: () => number): Keys {
  const cache = new Map<string, { readonly key: Promise<Uint8Array>; readonly until: number }>();

  async function keyOf(scope: Scope): Promise<Uint8Array> {
    // The cache knows nothing of members: who may not be here gets no key from it either.
    if ('member' in scope) await scope.member;
    const org = orgId(scope.org);
    const cached = cache.get(org);
    if (cached && cached.until > now()) return cached.key;
    const key = load(scope, org);
    cache.set(org, { key, until: now() + cachedMs });
    key.catch(() => cache.delete(org));
    return key;
  }

  return {
    seal: async (scope, place, value) => seal(await keyOf(scope), { org: scope.org, ...place }, value),
    open: async (scope, place, sealed) => unseal(await keyOf(scope), { org: scope.org, ...place }, sealed),
  };
}

const config = z.object({ RUNNER_PILOT_DATA_KEY: z.string().min(1) });

/** Envelope encryption: one data key for each organization, wrapped by KMS; the first secret makes it. */
export const keys = service({
  id: 'keys',
  config,
  uses: [repositories, kms],
  grants: [tableRead, tableWrite, { on: 'data-key', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] }],
  open: ({ RUNNER_PILOT_DATA_KEY: keyId }, { use, clock }): Keys => {
    const { dataKeys } = use(repositories);
    const source = openDataKeySource(use(kms), keyId);
    const load: Load = async (scope, org) => {
      const known = await dataKeys.find(scope);
      if (known !== undefined) return source.unwrap(org, known);
      const made = await source.generate(org);
      const kept = await dataKeys.create(scope, made.wrapped);
      return kept === made.wrapped ? made.plain : source.unwrap(org, kept);
    };
    return openKeys(load, () => clock.now());
  },
});

/** The same, to open only: for whoever reads, who needs no right to write or to make keys. */
export const keyReader = service({
  id: 'key-reader',
  config,
  uses: [repositories, kms],
  grants: [tableRead, { on: 'data-key', actions: ['kms:Decrypt'] }],
  open: ({ RUNNER_PILOT_DATA_KEY: keyId }, { use, clock }): KeyReader => {
    const { dataKeys } = use(repositories);
    const source = openDataKeySource(use(kms), keyId);
    const load: Load = async (scope, org) => {
      const known = await dataKeys.find(scope);
      if (known === undefined) throw new Error('The organization has no data key, so nothing of it was sealed.');
      return source.unwrap(org, known);
    };
    return openKeys(load, () => clock.now());
  },
});
