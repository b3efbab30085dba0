import type { RegistryLogin } from '#domain/registry.ts';
import type { Control } from './client.ts';
import { refusedBy, unreachable } from './refusal.ts';

/** Asks how to log in at the registry of an image that is about to be pulled; undefined: as anybody. */
export type AskLogin = (image: string, signal: AbortSignal) => Promise<RegistryLogin | undefined>;

/** Asks the control plane at each pull: the answer is kept nowhere. A no is thrown as one, and comes to another attempt. */
export const createLogins =
  (control: Control, onLogin: (login: RegistryLogin) => void): AskLogin =>
  async (image, signal) => {
    const answer = await control.registry({ image }, signal).catch((error) => {
      if (signal.aborted) throw error;
      throw refusedBy(unreachable(error));
    });
    // Not wanted any more, or not known: a control plane may be older than its agents.
    if (!answer.ok && answer.refusal.status === 404) return undefined;
    if (!answer.ok) throw refusedBy(answer.refusal);
    const { login } = answer.reply;
    if (login === null) return undefined;
    onLogin(login);
    return login;
  };
