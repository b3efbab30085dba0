import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Call } from './http.ts';

/** What goes wrong, for which calls, and how often. */
export interface Fault {
  readonly method?: string;
  /** Part of the path, such as `generate-jitconfig`. */
  readonly path?: string;
  /** @default 1 */
  readonly times?: number;
  readonly delayMs?: number;
  /** Answers this instead, and does nothing. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Cuts the connection, before or after the effect. */
  readonly cut?: 'before' | 'after';
  /** Never answers; `before` or `after` the effect. */
  readonly hang?: 'before' | 'after';
}

/** The faults that are still to come. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  apply(call: Call, answer: () => Promise<Answer>): Promise<Answer>;
}

const cut: Answer = { status: 0, cut: true };
const untilGone = (call: Call) =>
  new Promise<Answer>((resolve) => {
    if (call.signal.aborted) resolve(cut);
    call.signal.addEventListener('abort', () => resolve(cut));
  });

/** No faults at first. */
export function createFaults(): Faults {
  let pending: { fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      pending.push({ fault, left: fault.times ?? 1 });
    },
    clear() {
      pending = [];
    },
    async apply(call, answer) {
      const entry = pending.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.method === undefined || fault.method === call.method) &&
          (fault.path === undefined || call.path.includes(fault.path)),
      );
      if (entry === undefined) return answer();
      entry.left -= 1;
      const { fault } = entry;
      if (fault.delayMs !== undefined) await pause(fault.delayMs);
      if (fault.hang === 'before') return untilGone(call);
      if (fault.cut === 'before') return cut;
      if (fault.status !== undefined) {
        return {
          status: fault.status,
          json: fault.body ?? { message: 'A fault of the stand-in' },
          ...(fault.headers && { headers: fault.headers }),
        };
      }
      const made = await answer();
      if (fault.hang === 'after') return untilGone(call);
      return fault.cut === 'after' ? cut : made;
    },
  };
}
