/** What {@link startScheduler} needs. */
export interface SchedulerOptions {
  /** Undefined: only on demand. */
  readonly everyMs: number | undefined;
  readonly run: () => Promise<unknown>;
  readonly onError: (what: string, error: unknown) => void;
}

/** A schedule that runs. */
export interface Scheduler {
  /** A whole run that begins after this call; whoever asks meanwhile shares it. Throws what the run throws. */
  runNow(): Promise<void>;
  /** No run begins any more; the one under way is waited for. */
  stop(): Promise<void>;
}

/** EventBridge's schedule: runs something again and again, never two at once. */
export function startScheduler({ everyMs, run, onError }: SchedulerOptions): Scheduler {
  let stopped = false;
  let current: Promise<unknown> | undefined;
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    const running = (async () => {
      if (!stopped) await run();
    })();
    const over = running
      .catch(() => {})
      .then(() => {
        if (current === over) current = undefined;
      });
    current = over;
    return running;
  }

  function runNow(): Promise<void> {
    if (!current) return begin();
    next ??= current.then(() => {
      next = undefined;
      return begin();
    });
    return next;
  }

  const timer = everyMs === undefined ? undefined : setInterval(tick, everyMs);
  function tick(): void {
    // One that takes longer than the interval is not overtaken, and not caught up with.
    if (!current) begin().catch((error: unknown) => onError('The sweep failed', error));
  }

  return {
    runNow,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await next?.catch(() => {});
      await current;
    },
  };
}
