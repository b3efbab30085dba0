import { isRegistryHost, registryOf } from '#domain/registry.ts';

/** What the engine's pull takes: a name, and a tag or digest. */
export interface Reference {
  readonly name: string;
  readonly tag: string;
}

/** Splits an image reference: `localhost:5000/a:1` has its tag after the last slash, a digest wins over a tag. */
export function parseReference(image: string): Reference {
  const at = image.indexOf('@');
  const plain = at === -1 ? image : image.slice(0, at);
  const colon = plain.indexOf(':', plain.lastIndexOf('/') + 1);
  const name = colon === -1 ? plain : plain.slice(0, colon);
  if (at !== -1) return { name, tag: image.slice(at + 1) };
  return { name, tag: colon === -1 ? 'latest' : plain.slice(colon + 1) };
}

/** The repository of an image, in full: `ubuntu:22.04` is of `docker.io/library/ubuntu`. */
export function repositoryOf(image: string): string {
  const { name } = parseReference(image);
  const [first = '', ...rest] = name.split('/');
  const path = rest.length > 0 && isRegistryHost(first) ? rest.join('/') : name;
  const host = registryOf(name);
  return `${host}/${host === 'docker.io' && !path.includes('/') ? 'library/' : ''}${path}`;
}

/** An image's reference in full, by which the same image has the same name. */
export const canonical = (image: string): string => `${repositoryOf(image)}:${parseReference(image).tag}`;
