import * as z from 'zod';

/** What jobs have of Docker: nothing, a daemon of their instance's own (`dind`), or the engine of their node (`socket`). */
export const DockerAccess = z.enum(['none', 'dind', 'socket']);
export type DockerAccess = z.output<typeof DockerAccess>;

/** What an owner has to allow on a node first: either makes whoever writes a job the master of its machine. */
export const DockerConsent = DockerAccess.exclude(['none']);
export type DockerConsent = z.output<typeof DockerConsent>;

/** The consent that is needed; undefined: none. */
export const consentFor = (docker: DockerAccess | undefined): DockerConsent | undefined =>
  docker === 'none' ? undefined : docker;

/** What a node allows, each once and in one order: absent in older rows. */
export const consentsOf = (allow: readonly DockerConsent[] | undefined): DockerConsent[] =>
  DockerConsent.options.filter((consent) => allow?.includes(consent));

/** Why a node can't take an instance whose jobs are to have Docker; undefined if it can. */
export function notAllowed(
  allow: readonly DockerConsent[] | undefined,
  docker: DockerAccess | undefined,
): string | undefined {
  const needed = consentFor(docker);
  return needed === undefined || allow?.includes(needed) ? undefined : `does not allow \`docker: ${needed}\``;
}

/** What to do about it. */
export const howToAllow = (docker: DockerConsent): string =>
  `An owner can allow it: \`PUT\` the node with "allow": ["${docker}"]. Whoever writes a job is root of its machine then.`;
