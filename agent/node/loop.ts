import { backoffMs } from '../backoff.ts';

const longestBackoffMs = 15_000;

/** Does one thing, never twice at the same time: whoever asks while it is being done has it done once more after that. */
export function createLoop(options: {
  /** What is done. The signal ends it when something else is wanted, or nothing any more. */
  readonly pass: (signal: AbortSignal) => Promise<void>;
  /** True: the failure has been dealt with, and it is not tried again by itself. */
  readonly onFailure: (error: unknown) => boolean;
}) {
  const closed = new AbortController();
  let interrupt = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let again = false;
  let settled = false;
  let failures = 0;

  async function now(): Promise<void> {
    if (working) {
      again = true;
      return;
    }
    working = true;
    try {
      do {
        again = false;
        clearTimeout(timer);
        interrupt = new AbortController();
        try {
          await options.pass(AbortSignal.any([interrupt.signal, closed.signal]));
          failures = 0;
        } catch (error) {
          if (closed.signal.aborted) return;
          if (!interrupt.signal.aborted && !options.onFailure(error)) later(backoffMs(failures++, longestBackoffMs));
        }
      } while (again);
      settled = true;
    } finally {
      working = false;
    }
  }

  const later = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(now, ms);
  };

  return {
    /** Resolves when it has been done, or at once while it is under way. */
    now,
    /** Once more, after so long; whoever asks before is served before. */
    later,
    /** Ends what is under way. */
    interrupt: (): void => interrupt.abort(),
    isWorking: (): boolean => working,
    /** Has it been done before, as far as it could be? */
    isSettled: (): boolean => settled,
    signal: closed.signal,
    close(): void {
      closed.abort();
      clearTimeout(timer);
    },
  };
}
