/** When the machine dies, and how. */
export interface Moment {
  readonly number: number;
  /** After the requests. */
  readonly afterMs: number;
  readonly dies: 'all' | 'parent';
  /** Whether the creations are answered at once, or wait for their effect. */
  readonly prefer: 'respond-async' | 'wait=5';
  readonly jobSeconds: number;
}

/** Numbers from 0 to 1 that follow from a seed: mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` moments over the first `spanMs` after a request, one in each part of it; `sample` of them, spread as well. */
export function momentsOf(seed: number, { count, sample, spanMs }: { count: number; sample: number; spanMs: number }) {
  const random = numbersFrom(seed);
  const all = Array.from({ length: count }, (_, index): Moment => {
    const afterMs = Math.round(((index + random()) / count) * spanMs);
    return {
      number: index + 1,
      afterMs,
      dies: random() < 0.5 ? 'all' : 'parent',
      prefer: random() < 0.5 ? 'respond-async' : 'wait=5',
      jobSeconds: Math.round(random() * 30) / 10,
    };
  });
  if (sample >= count) return all;
  const shift = random();
  return Array.from({ length: sample }, (_, index) => Math.floor(((index + shift) / sample) * count)).flatMap(
    (index) => all[index] ?? [],
  );
}
