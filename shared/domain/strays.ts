/** A runner at GitHub that has our labels. */
export interface RunnerThere {
  readonly id: number;
  readonly name: string;
  readonly busy: boolean;
}

/** What a comparison with GitHub comes to. */
export interface Comparison {
  /** Seen for the second time without a row here: to be removed. */
  readonly remove: readonly RunnerThere[];
  /** By name: when it was first seen without a row (epoch milliseconds). */
  readonly strays: Readonly<Record<string, number>>;
}

/** How far apart the two sightings are at least. */
const apartMs = 60_000;

/**
 * Which runners at GitHub nobody has: those without a row, at two sightings. Whether one is offline proves nothing, and
 * one that runs a job is left alone.
 */
export function compare(
  there: readonly RunnerThere[],
  known: ReadonlySet<string>,
  before: Readonly<Record<string, number>>,
  now: number,
): Comparison {
  const unknown = there.filter(({ name }) => !known.has(name));
  const strays = Object.fromEntries(unknown.map(({ name }) => [name, before[name] ?? now]));
  const remove = unknown.filter(({ name, busy }) => !busy && now - (strays[name] ?? now) >= apartMs);
  return { remove, strays };
}
