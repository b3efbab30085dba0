import { isDeepStrictEqual } from 'node:util';
import type { Telemetry as Destination } from '#contract/agent.ts';
import { type LogLevel, levelOf } from '#domain/log-level.ts';
import { plainText } from '#domain/plain-text.ts';
import type { Position } from '../state.ts';
import { logEvent } from './batch.ts';
import { createLogs, type Logs, type ReadCredentials } from './logs.ts';
import { createMask } from './mask.ts';
import type { OutputLine } from './output.ts';
import { createRate } from './rate.ts';
import { numberAt, ownNumber } from './sequence.ts';
import { createStreams } from './streams.ts';

/** The figures of an instance, in percent with one decimal. */
export interface Sample {
  readonly uid: string;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}

/** The log of an instance. */
export interface InstanceLog {
  /** Adds a line of the agent's own. */
  say(level: LogLevel, message: string): void;
  /** Adds a line about what the engine did at a time of its own: once, and with the same number after a restart. */
  sayOf(time: string, level: LogLevel, message: string): void;
  /** Adds a line of the container. False: there is no room now, and it is to be read again later. */
  add(line: OutputLine): boolean;
  /** Says what was dropped, if anything was. */
  settle(): void;
  drained(withinMs: number): Promise<void>;
}

/** Who listens to an instance's log. */
export interface LogListener {
  onShipped(position: Position): void;
  onRoom(): void;
}

/** What a node tells CloudWatch Logs: its instances' lines, and beats with their figures. */
export function createTelemetry(options: {
  readonly readCredentials: ReadCredentials;
  readonly logBytesPerSecond: number;
  readonly signal: AbortSignal;
  readonly warn: (what: string) => void;
}) {
  const mask = createMask();
  // Until the first sync has said where lines go they wait.
  const { promise: first, resolve: know } = Promise.withResolvers<Logs>();
  let client: Promise<Logs> = first;
  let destination: Destination | undefined;

  const logs = (): Promise<Logs> => client;
  const streams = createStreams(logs, options.signal, options.warn);
  const instances = new Map<string, InstanceLog & { listener: LogListener | undefined; close(): void }>();
  let beats: ReturnType<typeof streams.open> | undefined;

  const openInstance = (uid: string) => {
    const rate = createRate(options.logBytesPerSecond);
    const said = new Set<string>();
    let own = 0;
    const offer = (atMs: number, seq: number, level: LogLevel, message: string) =>
      stream.offer(logEvent(atMs, JSON.stringify({ seq, level, message: mask.apply(uid, message) })), 'own');
    const stream = streams.open(`instance/${uid}`, {
      onShipped: (position) => log.listener?.onShipped(position),
      onRoom: () => log.listener?.onRoom(),
    });
    const log = {
      listener: undefined as LogListener | undefined,
      say(level: LogLevel, message: string) {
        own = ownNumber(own, Date.now());
        offer(Date.now(), own, level, message);
      },
      sayOf(time: string, level: LogLevel, message: string) {
        if (said.has(time)) return;
        said.add(time);
        offer(Date.parse(time), numberAt(time), level, message);
      },
      add({ seq, atMs, text, position }: OutputLine) {
        if (!rate.allows(atMs, text.length)) return true;
        log.settle();
        const message = mask.apply(uid, plainText(text));
        const event = logEvent(atMs, JSON.stringify({ seq, level: levelOf(text), message }), position);
        if (stream.offer(event)) return true;
        rate.giveBack(text.length);
        return false;
      },
      settle() {
        const dropped = rate.takeDropped();
        if (dropped === undefined) return;
        const most = (options.logBytesPerSecond / 1e6).toFixed(1);
        log.say(
          'WARN',
          `${dropped.lines} lines (${dropped.bytes} bytes) were left out: more than ${most} MB a second were written.`,
        );
      },
      drained: (withinMs: number) => stream.drained(withinMs),
      close: () => stream.close(),
    };
    instances.set(uid, log);
    return log;
  };

  return {
    /** Where it all goes: told by each sync. */
    configure(next: Destination): void {
      if (isDeepStrictEqual(next, destination)) return;
      destination = next;
      const made = createLogs(next, options.readCredentials);
      know(made);
      client = Promise.resolve(made);
    },

    /** The log of an instance. */
    logOf: (uid: string): InstanceLog => instances.get(uid) ?? openInstance(uid),

    /** Who reads the container's output hears when it is shipped. */
    listen(uid: string, listener: LogListener | undefined): void {
      (instances.get(uid) ?? openInstance(uid)).listener = listener;
    },

    /** Masks a secret in all that the instance prints. */
    mask: (uid: string, secret: string): void => mask.add(uid, secret),

    /** Masks a secret in all that any instance prints. */
    maskEverywhere: (secret: string): void => mask.addToAll(secret),

    /** Nothing more comes from this instance. */
    forget(uid: string): void {
      instances.get(uid)?.close();
      instances.delete(uid);
      mask.forget(uid);
    },

    /** Tells the figures of all instances at this moment. */
    beat(node: string, samples: readonly Sample[]): void {
      beats ??= streams.open(`node/${node}`);
      beats.offer(logEvent(Date.now(), JSON.stringify({ instances: samples })));
    },

    /** Waits for what is on its way. */
    async drained(withinMs: number): Promise<void> {
      await Promise.all([...instances.values()].map((log) => log.drained(withinMs)));
    },
  };
}

/** What a node tells CloudWatch Logs. */
export type Telemetry = ReturnType<typeof createTelemetry>;
