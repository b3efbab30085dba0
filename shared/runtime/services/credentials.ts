import { createHash } from 'node:crypto';
import * as z from 'zod';
import { describeCredential, isMaskedCredential } from '#domain/credential.ts';
import { type Role, seesSecrets } from '#domain/permissions.ts';
import { problem } from '#domain/problem.ts';
import type { Runner } from '#domain/runner.ts';
import { type Secret, secret } from '#domain/secret.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { type KeyReader, keyReader, keys } from './keys.ts';

type Sealed = Pick<
  Runner,
  'credential' | 'credential_kind' | 'credential_mask' | 'credential_hash' | 'credential_expires_at'
>;

/** The credentials of runners: sealed in the table, whole for a moment where they are needed. */
export interface CredentialReader {
  /** The credential itself. */
  open(scope: Scope, runner: Pick<Runner, 'uid' | 'credential'>): Promise<Secret>;
  /** What somebody of a role sees of it: all, or its mask. */
  show(scope: Scope, runner: Pick<Runner, 'uid' | 'credential' | 'credential_mask'>, role: Role): Promise<string>;
}

/** The same, for whoever is given one. */
export interface Credentials extends CredentialReader {
  /** What a runner's row holds of a credential given now, and whether its runners are ephemeral by default. */
  seal(scope: Scope, runner: string, token: string): Promise<Sealed & { readonly ephemeral: boolean }>;
  /** The name of a credential, by which it can be told from others without being known. */
  fingerprint(token: string): string;
}

const field = 'github_runner_token';

const fingerprint = (token: string): string =>
  createHash('sha256').update(`runner credential\n${token}`).digest('base64url');

function openReader(box: KeyReader): CredentialReader {
  const open: CredentialReader['open'] = (scope, { uid, credential }) =>
    box.open(scope, { subject: uid, field }, credential);
  return {
    open,
    show: async (scope, runner, role) =>
      seesSecrets(role) ? (await open(scope, runner)).reveal() : runner.credential_mask,
  };
}

/** Opens the credentials of runners. */
export const credentialReader = service({
  id: 'credential-reader',
  config: z.object({}),
  uses: [keyReader],
  open: (_config, { use }): CredentialReader => openReader(use(keyReader)),
});

/** Seals and opens the credentials of runners. */
export const credentials = service({
  id: 'credentials',
  config: z.object({}),
  uses: [keys],
  open: (_config, { use, clock }): Credentials => {
    const box = use(keys);
    return {
      ...openReader(box),
      async seal(scope, runner, token) {
        if (isMaskedCredential(token)) {
          const detail = 'This is the mask of a token. Leave github_runner_token out to keep it, or send a whole one.';
          throw problem('runner.token-masked', detail);
        }
        const { kind, mask, ephemeral, expiresAt } = describeCredential(token, clock.now());
        return {
          credential: await box.seal(scope, { subject: runner, field }, secret(token)),
          credential_kind: kind,
          credential_mask: mask,
          credential_hash: fingerprint(token),
          ...(expiresAt !== undefined && { credential_expires_at: expiresAt }),
          ephemeral,
        };
      },
      fingerprint,
    };
  },
});
