const seconds = 1000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

/** How long an instance may be in a state, in milliseconds. */
export const deadlineMs = {
  requested: 15 * minutes,
  pulling: 30 * minutes,
  /** Only once the node has synced after that without reporting a start. */
  claimed: 90 * seconds,
  /** Only while the node syncs. */
  started: 5 * minutes,
  /** From the first answer by which GitHub was unavailable. */
  githubUnavailable: 6 * hours,
  /** How long a job may go on after its instance has lived as long as it may. */
  lastJob: 6 * hours,
  /** After which a removal that a syncing node does not confirm is worth an alarm. */
  removal: 15 * minutes,
} as const;

/** How long a claim keeps others out, in milliseconds. */
export const leaseMs = 30 * seconds;

/** How long a stored credential is answered again, in milliseconds; GitHub gives no longer promise for a JIT config. */
export const credentialFreshMs = 2 * minutes;

/** Claims that minted and refusals that may be tried again, at most. */
export const maxAttempts = 5;

/** From when on the sweep rings for what waits for its node, in milliseconds. */
export const firstRingMs = 15 * seconds;

/** How long GitHub is given to forget an ephemeral runner by itself, in milliseconds. */
export const forgetAfterMs = 30 * seconds;

/** What a container that is to go is given to stop, in seconds: idle, or with a job to be cancelled. */
export const graceSeconds = { idle: 10, busy: 60 } as const;
