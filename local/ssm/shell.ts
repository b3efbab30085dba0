import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document, Step } from './document.ts';

/** What came of running a document. */
export interface Outcome {
  readonly status: 'Success' | 'Failed' | 'TimedOut';
  readonly responseCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a document on a managed instance. The signal ends it early. */
export type Execute = (document: Document, signal: AbortSignal) => Promise<Outcome>;

/** Where {@link shellExecutor} runs things. */
export interface ShellOptions {
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly platformType: 'Linux' | 'MacOS';
}

/** What a step leaves behind may keep its output open; it is waited for this long after the step itself has ended. */
const drainMs = 200;
/** More is never shown, so more is never kept. */
const keptBytes = 256 * 1024;

/** Runs documents in a shell on this machine, as the SSM agent does. */
export function shellExecutor({ environment, platformType }: ShellOptions): Execute {
  return async (document, signal) => {
    const done: Outcome[] = [];
    for (const step of document.mainSteps) {
      const platform = step.precondition?.StringEquals[1];
      done.push(
        platform !== undefined && platform !== platformType
          ? { status: 'Success', responseCode: 0, stdout: skipped(step, platform), stderr: '' }
          : await runStep(step, environment, signal),
      );
    }
    const worst = done.find(({ status }) => status !== 'Success');
    return {
      status: worst?.status ?? 'Success',
      responseCode: worst?.responseCode ?? 0,
      stdout: done.map(({ stdout }) => stdout).join(''),
      stderr: done.map(({ stderr }) => stderr).join(''),
    };
  };
}

async function runStep({ inputs }: Step, env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome> {
  // A group of its own, so that everything the step has started can be ended with it.
  const child = spawn('/bin/sh', ['-c', inputs.runCommand.join('\n')], {
    env,
    cwd: inputs.workingDirectory ?? '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [capture(child.stdout), capture(child.stderr)];
  let stoppedBy: 'timeout' | 'interruption' | undefined;
  const stop = (by: typeof stoppedBy) => {
    stoppedBy ??= by;
    if (child.pid !== undefined) endGroup(child.pid);
  };
  const timer = setTimeout(() => stop('timeout'), inputs.timeoutSeconds * 1000);
  const interrupt = () => stop('interruption');
  signal.addEventListener('abort', interrupt);
  if (signal.aborted) interrupt();

  try {
    const { code, killedBy } = await new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (exitCode, signalName) => resolve({ code: exitCode, killedBy: signalName }));
      },
    );
    await Promise.race([Promise.all([stdout.ended, stderr.ended]), sleep(drainMs)]);
    const shown = { stdout: stdout.text(), stderr: stderr.text() };
    if (stoppedBy === 'timeout') return { status: 'TimedOut', responseCode: stoppedExitCode, ...shown };
    if (code === 0) return { status: 'Success', responseCode: 0, ...shown };
    const why = code === null ? `signal: ${killedBy}` : `exit status ${code}`;
    return {
      status: 'Failed',
      responseCode: code ?? stoppedExitCode,
      stdout: shown.stdout,
      stderr: `${shown.stderr}failed to run commands: ${why}`,
    };
  } catch (error) {
    return { status: 'Failed', responseCode: 1, stdout: '', stderr: `failed to run commands: ${String(error)}` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** What the SSM agent reports for what it has stopped itself (amazon-ssm-agent, appconfig). */
const stoppedExitCode = 137;

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function capture(stream: NodeJS.ReadableStream): { text(): string; ended: Promise<void> } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < keptBytes) chunks.push(chunk);
    bytes += chunk.length;
  });
  const ended = new Promise<void>((resolve) => stream.once('close', resolve));
  return { text: () => Buffer.concat(chunks).toString('utf8'), ended };
}

const skipped = ({ name }: Step, platform: string): string =>
  `Step execution skipped due to unsatisfied preconditions: '"StringEquals": [platformType, ${platform}]'. Step name: ${name}`;
