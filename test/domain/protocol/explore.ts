/** A step that is possible in a state: what happens, and what is then. */
export type Step<S> = readonly [label: string, next: S];

/** What a search found: how it broke and by which steps, or from how many states an end could not be reached. */
export interface Found {
  readonly states: number;
  readonly broken: string | undefined;
  readonly trace: readonly string[];
  /** For each goal: states from which it is meant to be reachable, and is not. */
  readonly stuck: Readonly<Record<string, number>>;
}

/** A world to be searched: states must be plain data, equal when their JSON is. */
export interface World<S> {
  readonly first: S;
  readonly next: (state: S) => readonly Step<S>[];
  /** What must never be; undefined where all is well. */
  readonly broken: (state: S) => string | undefined;
  /** What must stay reachable from wherever it matters. */
  readonly goals: Readonly<
    Record<string, { readonly matters: (s: S) => boolean; readonly reached: (s: S) => boolean }>
  >;
}

/** Searches every interleaving, breadth first: what breaks is found by the shortest way. */
export function explore<S>(world: World<S>): Found {
  const start = JSON.stringify(world.first);
  const seen = new Map<string, readonly [from: string, label: string] | undefined>([[start, undefined]]);
  const back = new Map<string, string[]>();
  let wave: S[] = [world.first];
  while (wave.length > 0) {
    const after: S[] = [];
    for (const state of wave) {
      const from = JSON.stringify(state);
      for (const [label, next] of world.next(state)) {
        const to = JSON.stringify(next);
        const sources = back.get(to);
        if (sources) sources.push(from);
        else back.set(to, [from]);
        if (seen.has(to)) continue;
        seen.set(to, [from, label]);
        after.push(next);
        const broken = world.broken(next);
        if (broken) return { states: seen.size, broken, trace: traceOf(seen, to), stuck: {} };
      }
    }
    wave = after;
  }
  const stuck = Object.entries(world.goals).map(([name, goal]) => {
    const reaching = reach(seen.keys(), back, goal.reached);
    return [name, [...seen.keys()].filter((key) => goal.matters(JSON.parse(key)) && !reaching.has(key)).length];
  });
  return { states: seen.size, broken: undefined, trace: [], stuck: Object.fromEntries(stuck) };
}

function traceOf(seen: ReadonlyMap<string, readonly [string, string] | undefined>, end: string): string[] {
  const labels: string[] = [];
  for (let step = seen.get(end); step; step = seen.get(step[0])) labels.unshift(step[1]);
  return labels;
}

function reach<S>(states: Iterable<string>, back: ReadonlyMap<string, readonly string[]>, goal: (s: S) => boolean) {
  const reaching = new Set([...states].filter((key) => goal(JSON.parse(key))));
  const todo = [...reaching];
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    for (const from of back.get(key) ?? []) {
      if (reaching.has(from)) continue;
      reaching.add(from);
      todo.push(from);
    }
  }
  return reaching;
}
