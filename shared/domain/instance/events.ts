import type { Instance } from '../instance.ts';
import { historyOf, type InstanceEvent } from './history.ts';

const tells = (events: readonly Pick<InstanceEvent, 'code' | 'at'>[], { code, at }: InstanceEvent): boolean =>
  events.some((event) => event.code === code && event.at === at);

/**
 * The events that a change has to record: what the row before it tells, and the one after it does not any more. A row
 * tells the most of its own story, as long as it is kept, and an event costs two units of writing.
 */
export function eventsOf(before: Instance, after: Instance): readonly InstanceEvent[] {
  const kept = historyOf(after);
  return historyOf(before).filter((event) => !tells(kept, event));
}

/** What a row tells besides what is recorded: an event may have moved from here to there since the row was read. */
export const besides = (
  recorded: readonly Pick<InstanceEvent, 'code' | 'at'>[],
  told: readonly InstanceEvent[],
): readonly InstanceEvent[] => told.filter((event) => !tells(recorded, event));
