import type { Placement } from '../instance.ts';
import type { Observed } from './observation.ts';

/** A report with the instance it is about. */
export interface Report extends Observed {
  readonly uid: string;
}

/** What a node says, sorted out. */
export interface News {
  /** By instance, in the order in which they were seen: only of what is placed on this node, in this generation. */
  readonly of: ReadonlyMap<string, readonly Report[]>;
  /** Containers that nobody had listed: removed, and worth an alarm. */
  readonly orphans: readonly string[];
}

/**
 * Sorts out what a node says. It is hostile by assumption: what it says of instances that are not placed on it does not
 * exist, and neither does what it says of intents that are over.
 */
export function newsOf(placements: readonly Placement[], observed: readonly Report[]): News {
  const wanted = new Map(placements.map(({ uid, generation }) => [uid, generation]));
  const of = new Map<string, Report[]>();
  const orphans: string[] = [];
  for (const report of [...observed].sort((a, b) => a.seq - b.seq)) {
    if (report.generation === 0 && report.state === 'gone') orphans.push(report.uid);
    else if (wanted.get(report.uid) === report.generation) of.set(report.uid, [...(of.get(report.uid) ?? []), report]);
  }
  return { of, orphans };
}
