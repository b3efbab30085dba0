import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rememberProcess } from './processes.ts';

/** What {@link superviseChild} needs. */
export interface ChildOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pidFile: string;
  /** A file descriptor for what it says. */
  readonly output: number;
  /** Told when it has ended by itself, and when it will be started again. */
  readonly onCrash: (how: string, againInMs: number) => void;
}

/** A child that is kept running. */
export interface Child {
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** Asks it to end, by a signal and by closing its pipe; kills it after the grace. */
  stop(graceMs: number): Promise<void>;
}

const firstPauseMs = 250;
const longestPauseMs = 30_000;
/** Who ran this long was well: the next pause is the first again. */
const wellAfterMs = 60_000;

/**
 * Keeps a child running: one that ends is started again, after a pause that doubles. Its standard input is a pipe that
 * closes when this process ends, however it ends; the child is expected to end then.
 */
export function superviseChild(options: ChildOptions): Child {
  let stopping = false;
  let pauseMs = firstPauseMs;
  let timer: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start(): void {
    const startedAt = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    const started = spawn(options.command, options.arguments, {
      env: options.environment,
      stdio: ['pipe', options.output, options.output],
    });
    child = started;
    ended = promise;
    if (started.pid !== undefined) rememberProcess(options.pidFile, started.pid);
    // A pipe to a process that has just ended is no reason to end ourselves.
    started.stdin?.on('error', () => {});

    const finish = (how: string) => {
      if (child !== started) return;
      child = undefined;
      rmSync(options.pidFile, { force: true });
      resolve();
      if (stopping) return;
      if (performance.now() - startedAt > wellAfterMs) pauseMs = firstPauseMs;
      options.onCrash(how, pauseMs);
      timer = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    started.once('error', (error) => finish(error.message));
    started.once('exit', (code, signal) => finish(signal === null ? `exit code ${code}` : signal));
  }

  start();
  return {
    get pid() {
      return child?.pid;
    },
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      const running = child;
      if (!running) return;
      running.stdin?.end();
      running.kill('SIGTERM');
      const kill = setTimeout(() => running.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
    },
  };
}
