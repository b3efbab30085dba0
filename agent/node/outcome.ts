import type { Refusal } from '../control/refusal.ts';

/** What came of a start. */
export type Started =
  /** It runs, or ran: to be looked at. */
  | { readonly kind: 'started' }
  /** It can't be made; the control plane decides what then. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string; readonly retryable: boolean }
  /** The control plane did not grant it. */
  | { readonly kind: 'ungranted'; readonly refusal: Refusal };

/** The control plane did not grant a claim. */
export interface Ungranted {
  readonly ok: false;
  readonly refusal: Refusal;
}

/** A start that can't be made. */
export const refused = (code: string, detail: string, retryable: boolean): Started => ({
  kind: 'refused',
  code,
  detail: detail.slice(0, 1024),
  retryable,
});

// What no second try mends: the image has no shell, is for another machine, or asks for what there isn't.
export const hopeless = /executable file not found|no such file or directory|exec format error|permission denied/i;
