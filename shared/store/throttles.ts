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
  readonly resetSeconds: number;
  readonly retryAfterSeconds: number;
}

/** Throttle windows by name: hash what a name is made from. One write when it is allowed in the common case. */
export interface Throttles {
  /** Takes one token. */
  take(name: string, rate: Rate): Promise<Verdict>;
  /** Counts an attempt: refused before the delay since the last one is over. */
  attempt(name: string, doubling: Doubling): Promise<Verdict>;
  /** Forgets the attempts: the right password was given. */
  forgive(name: string): Promise<void>;
}
