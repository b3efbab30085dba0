import { containerName } from '#domain/instance.ts';
import type { Github } from '#local/demo/github.ts';
import type { Control } from './control.ts';

/** Grants starts with registration tokens of the stand-in for GitHub, of each instance one. */
export function registering(github: Github) {
  const tokens = new Map<string, string>();
  const tokenOf = (uid: string): string => {
    const token = tokens.get(uid) ?? github.registrationToken('acme/web');
    tokens.set(uid, token);
    return token;
  };
  const credential: Control['settings']['credential'] = ({ uid }) => ({
    kind: 'registration',
    secret: tokenOf(uid),
    url: `${github.url}/acme/web`,
    name: containerName(uid),
    labels: ['self-hosted', uid],
    ephemeral: false,
  });
  return { tokenOf, credential };
}
