import { type RegistryLogin, registryOf } from '#domain/registry.ts';

/** Why an image isn't there. */
export interface ImageRefusal {
  readonly code: 'image_not_found' | 'image_denied' | 'image_pull_failed' | 'image_absent';
  readonly detail: string;
  readonly retryable: boolean;
}

const isUnknown =
  /manifest (?:for .* )?(?:is )?(?:unknown|not found)|not found: manifest|no matching manifest|name unknown|: not found$/i;
const isDenied = /denied|unauthorized|authentication required|no basic auth credentials|does not exist or may require/i;

/** What was sent may come back in what is said: a registry is free to repeat it. */
function masked(said: string, { username, password }: RegistryLogin): string {
  const sent = [password, Buffer.from(`${username}:${password}`).toString('base64')];
  return sent.reduce((text, secret) => text.replaceAll(secret, '***'), said);
}

/** What a registry's no means, by the words that registries and the engine use. */
export function refusalOf(
  pull: { readonly image: string; readonly organization: string; readonly login: RegistryLogin | undefined },
  message: string,
): ImageRefusal {
  const { image, organization, login } = pull;
  const said = (login === undefined ? message : masked(message, login)).slice(0, 512);
  if (isUnknown.test(said)) {
    const detail = `There is no image ${image}: ${said}. Check its name and tag, and that it is built for this machine.`;
    return { code: 'image_not_found', detail, retryable: false };
  }
  if (isDenied.test(said)) {
    const host = registryOf(image);
    const put = `PUT /org/${organization}/registries/${host}`;
    const [whom, cure] =
      login === undefined
        ? ['this node', `${put} a username and a password that may pull it`]
        : [`"${login.username}"`, `${put} a username and a password that may`];
    const detail = `The registry ${host} does not give ${image} to ${whom}: ${said}. Check its name; ${cure}.`;
    return { code: 'image_denied', detail, retryable: false };
  }
  return { code: 'image_pull_failed', detail: `${image} could not be pulled: ${said}`, retryable: true };
}
