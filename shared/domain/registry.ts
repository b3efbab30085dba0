import * as z from 'zod';

/** A registry of images, and how its organization logs in there. The password is sealed. */
export const Registry = z.object({
  host: z.string(),
  username: z.string(),
  password: z.string(),
  version: z.int(),
  created_at: z.int(),
  changed_at: z.int(),
});
export type Registry = z.output<typeof Registry>;

/** A name and a password for a registry: what an engine sends there. */
export interface RegistryLogin {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** Docker's own registry: that of every reference which begins with no host. */
const hub = 'docker.io';

/** A registry's host as an id: hosts are the same in either case, and Docker's own has an older name too. */
export function registryId(host: string): string {
  const id = host.toLowerCase();
  return id === 'index.docker.io' ? hub : id;
}

/**
 * Whether the first part of a reference is a host rather than part of a name: as `splitDockerDomain` of
 * github.com/distribution/reference has it.
 */
export const isRegistryHost = (first: string): boolean =>
  /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();

/** The id of the registry that an image is pulled from. */
export function registryOf(image: string): string {
  const first = image.slice(0, Math.max(0, image.indexOf('/')));
  return first !== '' && isRegistryHost(first) ? registryId(first) : hub;
}
