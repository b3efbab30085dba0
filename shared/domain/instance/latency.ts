import { type Instance, isFinal } from '../instance.ts';

/** A figure of the service that follows from a change, in milliseconds. */
export type Latency = readonly ['create_to_running' | 'create_to_listening' | 'delete_to_gone', number];

/** How long what a change ends has taken. */
export function latenciesOf(before: Instance, after: Instance, now: number): readonly Latency[] {
  const figures: Latency[] = [];
  const since = now - after.created_at;
  if (before.started_at === undefined && after.started_at !== undefined) figures.push(['create_to_running', since]);
  if (before.listening_at === undefined && after.listening_at !== undefined)
    figures.push(['create_to_listening', since]);
  if (before.state === 'deleting' && isFinal(after)) figures.push(['delete_to_gone', now - before.state_at]);
  return figures;
}
