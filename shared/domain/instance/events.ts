import type { Instance } from '../instance.ts';

/** What is worth remembering of a change, for whoever asks later what happened. */
export interface InstanceEvent {
  readonly subject: string;
  readonly code: string;
  readonly detail: string;
}

/**
 * The events of a change: why an attempt came to nothing, for the row keeps only the last reason. Everything else stands
 * in the row itself, with its time, for as long as events are kept; an event costs two units of writing.
 */
export function eventsOf(before: Instance, after: Instance): readonly InstanceEvent[] {
  const { uid: subject, reason, state } = after;
  const again = state === 'requested' && reason !== undefined && reason !== before.reason;
  return again ? [{ subject, code: reason.code, detail: reason.detail }] : [];
}
