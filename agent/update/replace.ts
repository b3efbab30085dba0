import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Settings } from '../environment.ts';
import type { Log } from '../log.ts';
import { openState } from '../state.ts';
import { agentVersion } from '../version.ts';
import { replaceFile } from './file.ts';
import { beginProbation } from './probation.ts';
import { type Candidate, nameOf } from './updates.ts';

const trialMs = 60_000;

/** Runs a program as an agent until it has looked at everything and synced, and touched nothing; undefined: it has. */
export async function tryProgram(path: string, signal: AbortSignal, withinMs = trialMs): Promise<string | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, path, 'trial'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    said = `${said}${chunk}`.slice(-4096);
  });
  const kill = () => child.kill('SIGKILL');
  const timer = setTimeout(kill, withinMs);
  signal.addEventListener('abort', kill, { once: true });
  const code = await new Promise<number | string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', resolve);
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', kill);
  if (code === 0) return undefined;
  if (code === null) return `It did not sync within ${withinMs / 1000} s.`;
  const why = said.split('\n').findLast((line) => /^\w*Error\b/.test(line.trim())) ?? said.trim().split('\n').at(-1);
  return `It ended with ${code} before it had synced: ${why?.trim().slice(0, 300)}`;
}

/** Has this process be what lies there; returns only where Node can't do that. */
export const become = (program: string): void =>
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, program], process.env);

/**
 * Tries a program, and has it take the place of this one if it works; this process then is what lies there. It is the same
 * process all along, whoever started it; if it dies on the way, what is started next is the old program.
 */
export async function replaceProgram(
  { path, program, release }: Candidate,
  settings: Settings,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const failure = await tryProgram(path, signal);
  if (signal.aborted) return;
  if (failure === undefined) {
    beginProbation(settings, program, release);
    replaceFile(path, program);
    log(`This is ${nameOf(release)} from now on.`);
  } else {
    rmSync(path, { force: true });
    openState(settings.stateFolder).updateFailed(release, failure);
    log(`It stays agent ${agentVersion}, for ${nameOf(release)} does not work: ${failure}`);
  }
  become(program);
}
