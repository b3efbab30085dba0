import type { Instance } from '../instance.ts';

/** What is worth remembering of a change, for whoever asks later what happened. */
export interface InstanceEvent {
  readonly subject: string;
  readonly code: string;
  readonly detail: string;
}

/**
 * The events of a change: each new reason, and each start. What else happens stands in the row itself, with its time.
 */
export function eventsOf(before: Instance, after: Instance): readonly InstanceEvent[] {
  if (before.state === after.state) return [];
  const { uid: subject, reason } = after;
  if (reason && reason !== before.reason) return [{ subject, code: reason.code, detail: reason.detail }];
  if (after.state === 'started') return [{ subject, code: 'started', detail: `Attempt ${after.attempts}.` }];
  return [];
}
