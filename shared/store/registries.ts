import { organizationLimits } from '#domain/organization.ts';
import { problem } from '#domain/problem.ts';
import { Registry } from '#domain/registry.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { changeVersioned } from './change.ts';
import { countOne, uncountOne } from './counters.ts';
import { absent, exists } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { listRange } from './list.ts';
import type { Page, PageOptions } from './page.ts';
import { rowType } from './row.ts';
import { type Scope, within } from './scope.ts';
import { put, remove } from './steps.ts';
import type { Actor, Changing } from './write.ts';

/** What somebody says of a registry; the password is sealed. */
export type RegistryLoginDraft = Pick<Registry, 'username' | 'password'>;

/** How an organization logs in at registries of images, by the id of their host. */
export interface Registries {
  /** One consistent read; `registry.not-found`. */
  get(scope: Scope, host: string): Promise<Registry>;
  /** One consistent read. */
  find(scope: Scope, host: string): Promise<Registry | undefined>;
  /** In the order of hosts; one wait. */
  list(scope: Scope, page?: PageOptions<Registry>): Promise<Page<Registry>>;
  /** Makes it what `edit` says; where there is none yet, all of it. `version.stale`, `organization.limit`. */
  put(
    scope: OrgScope,
    host: string,
    edit: {
      readonly make: () => Promise<RegistryLoginDraft>;
      readonly change: (now: Registry) => Promise<Partial<RegistryLoginDraft>>;
    },
    write: Changing,
  ): Promise<Registry>;
  /** `registry.not-found`. */
  remove(scope: OrgScope, host: string, write: { readonly by: Actor }): Promise<void>;
}

const registryRow = rowType('registry', Registry);

const notFound = (host: string) =>
  problem('registry.not-found', `There is no login for the registry "${host}". PUT one: {"username", "password"}.`);

/** Makes the repository of registries. */
export function registries(link: Link): Registries {
  async function find(scope: Scope, host: string): Promise<Registry | undefined> {
    const row = await within(scope, link.get(keys.registry(scope.org, host)));
    return row && registryRow.read(row);
  }

  return {
    find,

    async get(scope, host) {
      const registry = await find(scope, host);
      if (!registry) throw notFound(host);
      return registry;
    },

    list: (scope, page = {}) => within(scope, listRange(link, keys.registries(scope.org), page, registryRow.read)),

    async put(scope, host, { make, change }, write) {
      const key = keys.registry(scope.org, host);
      const audited = { action: 'registries.put', target: host };
      const wait = link.patience();
      do {
        if (await find(scope, host)) {
          const edit = async (now: Registry) => {
            const changes = await change(now);
            return Object.keys(changes).length === 0 ? changes : { ...changes, changed_at: link.now() };
          };
          const missing = () => notFound(host);
          return changeVersioned(link, { scope, key, read: registryRow.read, missing, edit, write, ...audited });
        }
        if (write.ifMatch !== undefined) {
          throw problem(
            'version.stale',
            `If-Match names version ${write.ifMatch}, but there is no login for "${host}".`,
          );
        }
        const now = link.now();
        const registry: Registry = { host, ...(await make()), version: 1, created_at: now, changed_at: now };
        const raced = await link.transact([
          put(registryRow.write(key, registry), absent(), () => 'raced' as const),
          countOne(scope.org, 'registries', organizationLimits.registries),
          auditStep(link, scope.org, write.by, audited.action, host),
        ]);
        if (!raced) return registry;
      } while (await wait());
      throw problem('service.unavailable', 'The login is being changed by many at once. Please try again.', {
        retryAfterSeconds: 1,
      });
    },

    async remove(scope, host, { by }) {
      await scope.member;
      await link.transact([
        remove(keys.registry(scope.org, host), exists(), () => notFound(host)),
        uncountOne(scope.org, 'registries'),
        auditStep(link, scope.org, by, 'registries.remove', host),
      ]);
    },
  };
}
