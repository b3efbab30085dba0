import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.ts';
import type { Position } from '../state.ts';
import { batchLength, type LogEvent } from './batch.ts';
import { isLogsFailure, type Logs } from './logs.ts';

/** How long lines wait for others to go with. */
const lingerMs = 250;
/** What all streams of a node may hold in memory, as the service counts. The engine's own log has the rest. */
const mostBytes = 3 * 1024 * 1024;
/** Besides, for what the agent says itself: nobody offers it again. */
const mostOwnBytes = 256 * 1024;

/** One stream of a node. */
export interface Stream {
  /** Takes an event; false, if there is no room, and it must be offered again later. For what is our own there is more. */
  offer(event: LogEvent, whose?: 'own'): boolean;
  /** Resolves once all that was offered is shipped, or the time is over. */
  drained(withinMs: number): Promise<void>;
  /** Ships what it has, and is forgotten then. */
  close(): void;
}

/** What the owner of a stream wants to know. */
export interface StreamEvents {
  /** Everything up to here is shipped. */
  readonly onShipped?: (position: Position) => void;
  /** There is room again after there was none. */
  readonly onRoom?: () => void;
}

interface Queue {
  readonly name: string;
  readonly events: StreamEvents;
  waiting: LogEvent[];
  created: boolean;
  sending: boolean;
  refused: boolean;
  closed: boolean;
  readonly empty: Set<() => void>;
}

/** Why the service will never take these events. */
const isHopeless = (error: unknown) => isLogsFailure(error, 'InvalidParameterException');
const isStreamMissing = (error: unknown) => isLogsFailure(error, 'ResourceNotFoundException');

/** The streams of a node: batched, in order, retried for as long as it takes. */
export function createStreams(logs: () => Promise<Logs>, signal: AbortSignal, warn: (what: string) => void) {
  const queues = new Map<string, Queue>();
  let held = 0;

  const put = async (queue: Queue, batch: readonly LogEvent[]) => {
    const service = await logs();
    if (!queue.created) {
      await service.createStream(queue.name);
      queue.created = true;
    }
    // The service wants them by time; the engine's lines of both outputs may be out of it by microseconds.
    await service.put(
      queue.name,
      batch.toSorted((a, b) => a.timestamp - b.timestamp),
    );
  };

  const finish = (queue: Queue, count: number) => {
    const done = queue.waiting.slice(0, count);
    queue.waiting = queue.waiting.slice(count);
    for (const { bytes } of done) held -= bytes;
    const position = done.findLast((event) => event.position !== undefined)?.position;
    if (position !== undefined) queue.events.onShipped?.(position);
    for (const other of queues.values()) {
      if (!other.refused || held > mostBytes / 2) continue;
      other.refused = false;
      other.events.onRoom?.();
    }
  };

  const send = async (queue: Queue): Promise<void> => {
    if (queue.sending) return;
    queue.sending = true;
    let failures = 0;
    try {
      await sleep(lingerMs, undefined, { signal });
      while (queue.waiting.length > 0 && !signal.aborted) {
        const count = batchLength(queue.waiting);
        try {
          await put(queue, queue.waiting.slice(0, count));
          failures = 0;
          finish(queue, count);
        } catch (error) {
          if (isHopeless(error)) {
            warn(`${count} lines of ${queue.name} were refused: ${error}`);
            finish(queue, count);
            continue;
          }
          if (isStreamMissing(error)) queue.created = false;
          if (failures === 0) warn(`The lines of ${queue.name} have to wait: ${error}`);
          await sleep(backoffMs(failures++, 30_000), undefined, { signal });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      queue.sending = false;
      if (queue.waiting.length === 0) {
        for (const resolve of queue.empty) resolve();
        queue.empty.clear();
        if (queue.closed && queues.get(queue.name) === queue) queues.delete(queue.name);
      }
    }
  };

  return {
    /** Opens a stream; it is made at the service when it has its first line. */
    open(name: string, events: StreamEvents = {}): Stream {
      const queue: Queue = {
        name,
        events,
        waiting: [],
        created: false,
        sending: false,
        refused: false,
        closed: false,
        empty: new Set(),
      };
      queues.set(name, queue);
      return {
        offer(event, whose) {
          if (held + event.bytes > mostBytes + (whose === 'own' ? mostOwnBytes : 0)) {
            queue.refused ||= whose !== 'own';
            return false;
          }
          held += event.bytes;
          queue.waiting.push(event);
          void send(queue);
          return true;
        },
        async drained(withinMs) {
          if (queue.waiting.length === 0) return;
          const empty = new Promise<void>((resolve) => queue.empty.add(resolve));
          await Promise.race([empty, sleep(withinMs, undefined, { ref: false })]);
        },
        close() {
          queue.closed = true;
          if (queue.waiting.length === 0) queues.delete(name);
        },
      };
    },
  };
}

/** The streams of a node. */
