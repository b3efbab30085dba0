import type { CredentialKind } from './runner.ts';

/** How long a registration token lives, and at most an App's installation token: GitHub gives both an hour. */
export const shortLivedCredentialSeconds = 3600;

// Prefixes as GitHub documents them. What has none of these is taken for a registration token, whose format is
// undocumented; so is `ghr_`, which GitHub gives to refresh tokens, and nobody has a use for one here.
const pat = /^(?:ghp_|github_pat_|gho_|ghu_)/;
const installation = /^ghs_/;
const prefix = /^(?:gh[a-z]_|github_pat_)/;

/** What a value given as `github_runner_token` is, by its prefix; lengths are never assumed. */
export function classifyCredential(token: string): CredentialKind {
  if (pat.test(token)) return 'pat';
  return installation.test(token) ? 'installation' : 'registration';
}

/** The mask that is shown for a credential: its prefix and its last four characters, `ghr_…cdef`. */
export function maskCredential(token: string): string {
  const start = prefix.exec(token)?.[0] ?? '';
  // Four characters of a short one would tell too much of it.
  const end = token.length - start.length >= 12 ? token.slice(-4) : '';
  return `${start}…${end}`;
}

/** Is this a mask that was sent back, rather than a credential? */
export const isMaskedCredential = (token: string): boolean => token.includes('…');

/** Something about a credential that its owner should know. */
export interface CredentialWarning {
  readonly code: string;
  readonly detail: string;
}

/** What follows from a credential. */
export interface CredentialDescription {
  readonly kind: CredentialKind;
  readonly mask: string;
  /** Whether its runners do one job and end, unless the runner says otherwise. */
  readonly ephemeral: boolean;
  /** The latest time (epoch milliseconds) at which it can still be good. */
  readonly expiresAt: number | undefined;
  readonly warnings: readonly CredentialWarning[];
}

const warnings: Record<CredentialKind, readonly CredentialWarning[]> = {
  pat: [],
  installation: [
    {
      code: 'credential.short-lived',
      detail:
        'An installation token lives at most an hour, so no instance can start after that. Give the runner a new one before, or a personal access token.',
    },
  ],
  registration: [
    {
      code: 'credential.short-lived',
      detail:
        'A registration token lives at most an hour, so no instance can start after that, and GitHub can not be told to forget runners that are deleted. Give the runner a personal access token if it should last.',
    },
  ],
};

/** What the owner of a credential of this kind should know. */
export const credentialWarnings = (kind: CredentialKind): readonly CredentialWarning[] => warnings[kind];

/** Describes a credential that is given now (epoch milliseconds). */
export function describeCredential(token: string, now: number): CredentialDescription {
  const kind = classifyCredential(token);
  return {
    kind,
    mask: maskCredential(token),
    ephemeral: kind !== 'registration',
    expiresAt: kind === 'pat' ? undefined : now + shortLivedCredentialSeconds * 1000,
    warnings: warnings[kind],
  };
}
