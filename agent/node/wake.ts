import { setTimeout as sleep } from 'node:timers/promises';

/** At most so many syncs follow each other at once; then one is allowed each so often. */
const burst = 30;
const refillMs = 500;

/**
 * What a node waits with. A ring ends any wait; a change ends the wait between syncs, but not the one that a control
 * plane which is away asked for. What comes while nobody waits is remembered.
 */
export function createWake() {
  let rung = false;
  let changed = false;
  let end: ((why: 'rung' | 'changed') => void) | undefined;
  let credit = burst;
  let creditAtMs = Date.now();

  const pause = async (ms: number, signal: AbortSignal, until: (why: 'rung' | 'changed') => boolean) => {
    const timer = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    end = (why) => {
      if (until(why)) resolve();
    };
    try {
      await Promise.race([promise, sleep(ms, undefined, { signal: AbortSignal.any([signal, timer.signal]) })]);
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      end = undefined;
      timer.abort();
    }
  };

  return {
    ring(): void {
      rung = true;
      end?.('rung');
    },
    change(): void {
      changed = true;
      end?.('changed');
    },

    /** Waits for the next sync: for a ring, a change, or so long. */
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      credit = Math.min(burst, credit + (Date.now() - creditAtMs) / refillMs);
      creditAtMs = Date.now();
      if (credit < 1) await pause(refillMs, signal, () => false);
      else credit--;
      if (!rung && !changed) await pause(ms, signal, () => true);
      rung = false;
      changed = false;
    },

    /** Waits after a failure: for a ring, or so long. */
    async hold(ms: number, signal: AbortSignal): Promise<void> {
      if (!rung) await pause(ms, signal, (why) => why === 'rung');
      rung = false;
    },

    sleep: (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }),
  };
}

/** What a node waits with. */
export type Wake = ReturnType<typeof createWake>;
