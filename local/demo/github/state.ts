import { createHash } from 'node:crypto';

/** One label of a runner, as the REST API shows it. */
export interface Label {
  readonly id: number;
  readonly name: string;
  readonly type: 'read-only' | 'custom';
}

/** A registered runner: what GitHub's side knows of it. */
export interface RegisteredRunner {
  readonly id: number;
  /** `owner` or `owner/name`, in lower case. */
  readonly scope: string;
  readonly name: string;
  readonly ephemeral: boolean;
  readonly jit: boolean;
  readonly secret: string;
  readonly groupId: number;
  labels: readonly Label[];
  version?: string;
  session?: { readonly id: string; seenAt: number; waiting: number };
}

/** A registration or remove token: for which scope (`*`: any), and until when. */
export interface IssuedToken {
  readonly scope: string;
  readonly purpose: 'register' | 'remove';
  expiresAt: number;
}

/** All that the stand-in remembers. */
export interface State {
  readonly url: string;
  version: string;
  minimumVersion: string;
  sessionConflict: { pauseSeconds: number; giveUpSeconds: number };
  readonly runners: Map<number, RegisteredRunner>;
  readonly issued: Map<string, IssuedToken>;
  readonly refused: Map<string, number>;
  readonly spent: Map<string, { count: number; resetsAt: number }>;
  rateLimit: number;
  now(): number;
  setClock(at: number | undefined): void;
  nextId(): number;
  secret(purpose: string): string;
  /** Tells everyone who waits that something has changed. */
  changed(): void;
  /** The first result of `attempt` that is not undefined, tried again at each change; undefined after `ms`. */
  eventually<T>(attempt: () => T | undefined, ms: number, signal: AbortSignal): Promise<T | undefined>;
}

/** How long a runner that says nothing counts as connected. */
export const sessionLivesMs = 60_000;

/** Is the runner connected? */
export const isOnline = (state: State, runner: RegisteredRunner): boolean =>
  runner.session !== undefined && (runner.session.waiting > 0 || state.now() - runner.session.seenAt < sessionLivesMs);

/** An empty GitHub, whose ids and secrets are the same in each run. */
export function createState(url: string, version: string): State {
  let id = 0;
  let offset = 0;
  const waiting = new Set<() => void>();
  const state: State = {
    url,
    version,
    minimumVersion: '2.329.0',
    sessionConflict: { pauseSeconds: 30, giveUpSeconds: 240 },
    runners: new Map(),
    issued: new Map(),
    refused: new Map(),
    spent: new Map(),
    rateLimit: 5000,
    now: () => Date.now() + offset,
    setClock(at) {
      offset = at === undefined ? 0 : at - Date.now();
      state.changed();
    },
    nextId: () => ++id,
    secret: (purpose) => createHash('sha256').update(`${purpose} ${++id}`).digest('hex'),
    changed() {
      for (const wake of [...waiting]) wake();
    },
    eventually(attempt, ms, signal) {
      const first = attempt();
      if (first !== undefined || signal.aborted) return Promise.resolve(first);
      return new Promise((resolve) => {
        const end = (value: ReturnType<typeof attempt>) => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener('abort', aborted);
          resolve(value);
        };
        const wake = () => {
          const value = attempt();
          if (value !== undefined) end(value);
        };
        const aborted = () => end(undefined);
        const timer = setTimeout(() => end(undefined), ms);
        waiting.add(wake);
        signal.addEventListener('abort', aborted);
      });
    },
  };
  return state;
}
