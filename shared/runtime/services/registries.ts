import * as z from 'zod';
import { type Registry, type RegistryLogin, registryOf } from '#domain/registry.ts';
import type { OrgScope } from '#domain/scope.ts';
import { secret } from '#domain/secret.ts';
import type { Scope } from '#store/scope.ts';
import type { Changing } from '#store/write.ts';
import { service } from '../service.ts';
import { type Keys, keyReader, keys } from './keys.ts';
import { table } from './table.ts';
import { tableReader } from './table-reader.ts';

/** What somebody says of a registry, the password as it is. */
type Login = Pick<RegistryLogin, 'username' | 'password'>;

/** Keeps how organizations log in at registries. */
export interface Registries {
  /** Makes a login what it is to be: all of it where there is none yet, what is named where there is one. */
  put(
    scope: OrgScope,
    host: string,
    edit: { readonly make: () => Login; readonly change: (now: Registry) => Partial<Login> },
    write: Changing,
  ): Promise<Registry>;
}

/** Tells how to log in at the registry of an image. */
export interface RegistryLogins {
  find(scope: Scope, image: string): Promise<RegistryLogin | undefined>;
}

const placeOf = (host: string) => ({ subject: host, field: 'registry password' });

/** Seals the passwords of registries. */
export const registries = service({
  id: 'registries',
  config: z.object({}),
  uses: [table, keys],
  open: (_config, { use }): Registries => {
    const box: Keys = use(keys);
    const seal = (scope: OrgScope, host: string, password: string) => box.seal(scope, placeOf(host), secret(password));
    return {
      put: (scope, host, edit, write) =>
        use(table).registries.put(
          scope,
          host,
          {
            async make() {
              const { username, password } = edit.make();
              return { username, password: await seal(scope, host, password) };
            },
            async change(now) {
              const { username = now.username, password } = edit.change(now);
              // Sealed again it would look like another one.
              const isNew =
                password !== undefined && (await box.open(scope, placeOf(host), now.password)).reveal() !== password;
              return {
                ...(username !== now.username && { username }),
                ...(isNew && { password: await seal(scope, host, password) }),
              };
            },
          },
          write,
        ),
    };
  },
});

/** Opens the passwords of registries, for the nodes that are to pull. */
export const registryLogins = service({
  id: 'registry-logins',
  config: z.object({}),
  uses: [tableReader, keyReader],
  open: (_config, { use }): RegistryLogins => ({
    async find(scope, image) {
      const found = await use(tableReader).registries.find(scope, registryOf(image));
      if (!found) return undefined;
      const { host, username } = found;
      const password = await use(keyReader).open(scope, placeOf(host), found.password);
      return { host, username, password: password.reveal() };
    },
  }),
});
