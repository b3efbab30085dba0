/** A token bucket: so many at once, and one more each so many seconds. */
export interface Rate {
  readonly capacity: number;
  readonly refillSeconds: number;
}

/** A delay that doubles with each attempt, up to a ceiling, and is forgotten after a while without any. */
export interface Doubling {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly forgetSeconds: number;
}

/** Whether something may be done now, and what `RateLimit-*` and `Retry-After` say about it. */
export interface Verdict {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until everything is as if nothing had been done. */
  readonly resetSeconds: number;
  /** 0 if it is allowed. */
  readonly retryAfterSeconds: number;
}

/** What is kept of a window. */
export type Metered = Readonly<Record<string, number>>;

/** A verdict, and the window as it is to be if that was yes; it means nothing any more from `expires_at` on. */
export interface Step {
  readonly verdict: Verdict;
  readonly next: Metered;
  readonly expires_at: number;
}

const seconds = (ms: number): number => Math.max(0, Math.ceil(ms / 1000));

/**
 * A token bucket by one number, the time at which it will be full again (the generic cell rate algorithm): what is
 * missing is that time's distance, a token each `refillSeconds`.
 */
export function bucket({ capacity, refillSeconds }: Rate, state: Metered | undefined, now: number): Step {
  const tokenMs = refillSeconds * 1000;
  const fullAt = Math.max(state?.full_at ?? now, now);
  const next = fullAt + tokenMs;
  const overMs = next - now - capacity * tokenMs;
  const allowed = overMs <= 0;
  const at = allowed ? next : fullAt;
  return {
    verdict: {
      allowed,
      limit: capacity,
      remaining: Math.max(0, Math.floor(capacity - (at - now) / tokenMs)),
      resetSeconds: seconds(at - now),
      retryAfterSeconds: allowed ? 0 : Math.max(1, seconds(overMs)),
    },
    next: { full_at: next },
    expires_at: next,
  };
}

/** A delay after each attempt, twice the one before. */
export function doubling({ firstMs, maxMs, forgetSeconds }: Doubling, state: Metered | undefined, now: number): Step {
  const { next_at = now, delay_ms = 0 } = state ?? {};
  const allowed = next_at <= now;
  const delay = Math.min(delay_ms === 0 ? firstMs : delay_ms * 2, maxMs);
  const waitMs = allowed ? delay : next_at - now;
  return {
    verdict: {
      allowed,
      limit: 1,
      remaining: 0,
      resetSeconds: seconds(waitMs),
      retryAfterSeconds: allowed ? 0 : Math.max(1, seconds(waitMs)),
    },
    next: { next_at: now + delay, delay_ms: delay },
    expires_at: now + delay + forgetSeconds * 1000,
  };
}
