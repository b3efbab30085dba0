import type { Observation } from '#contract/agent.ts';

/** What is seen of an instance, without the numbers that order it. */
export type Seen = Omit<Observation, 'uid' | 'seq' | 'at'> & { readonly at?: number };

/** The most reports in one sync; the rest goes with the next. */
const mostPerSync = 256;

const sameNews = (a: Seen, b: Seen) =>
  a.generation === b.generation &&
  a.state === b.state &&
  a.job === b.job &&
  a.job_result === b.job_result &&
  a.restartable === b.restartable &&
  a.reason?.code === b.reason?.code;

/** Milestones are kept beside what is true now: that a runner has listened decides whether it failed or stopped. */
function compact(reports: readonly Observation[]): Observation[] {
  if (reports.length <= 4) return [...reports];
  const listened = reports.find(({ state }) => state === 'listening' || state === 'busy');
  const newest = reports.slice(-2);
  return listened === undefined || newest.includes(listened) ? newest : [listened, ...newest];
}

/** The reports that the control plane has not acknowledged. `nextSeq` numbers them. */
export function createObservations(nextSeq: (now: number) => number) {
  const pending = new Map<string, Observation[]>();
  const last = new Map<string, Seen>();

  return {
    /** Notes what is seen. False: it is what was seen before, and nothing is to be told. */
    note(uid: string, seen: Seen, repeat = false): boolean {
      const before = last.get(uid);
      if (!repeat && before !== undefined && sameNews(before, seen)) return false;
      last.set(uid, seen);
      const now = Date.now();
      const report: Observation = { ...seen, uid, seq: nextSeq(now), at: seen.at ?? now };
      const kept = (pending.get(uid) ?? []).filter(({ generation }) => generation === seen.generation);
      // Once it is gone nothing else matters.
      pending.set(uid, seen.state === 'gone' ? [report] : compact([...kept, report]));
      return true;
    },

    /** What to tell, oldest first. */
    list: (): Observation[] =>
      [...pending.values()]
        .flat()
        .sort((a, b) => a.seq - b.seq)
        .slice(0, mostPerSync),

    /** These have been acknowledged. True: others are still to be told. */
    acknowledge(told: readonly Observation[]): boolean {
      const seqs = new Set(told.map(({ seq }) => seq));
      for (const [uid, reports] of pending) {
        const left = reports.filter(({ seq }) => !seqs.has(seq));
        if (left.length === 0) pending.delete(uid);
        else pending.set(uid, left);
      }
      return pending.size > 0;
    },

    /** Nothing will be seen of it any more; what is still to be told, is. */
    forget: (uid: string): boolean => last.delete(uid),
  };
}

/** The reports that the control plane has not acknowledged. */
export type Observations = ReturnType<typeof createObservations>;
