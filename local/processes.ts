import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere, writePrivateFile } from './aws/disk.ts';

/**
 * When a process has started, in words that no other process of the same pid can share; undefined if there is no such
 * process. A pid alone may belong to somebody else by the time it is used.
 */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    }
    // proc_pid_stat(5): the name, in parentheses, may hold anything; field 22 counts ticks since the machine's start.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Writes a pid file that {@link endRemembered} can trust. */
export function rememberProcess(file: string, pid: number): void {
  const start = startOf(pid);
  if (start !== undefined) writePrivateFile(file, `${JSON.stringify({ pid, start })}\n`);
}

/**
 * Ends the process that a pid file names, if it still is that one: asked first, killed after the grace. Says whether
 * there was one.
 */
export async function endRemembered(file: string, graceMs: number): Promise<boolean> {
  const found = read(file);
  const runs = () => found !== undefined && startOf(found.pid) === found.start;
  if (!found || !runs()) {
    rmSync(file, { force: true });
    return false;
  }
  const { pid } = found;
  signal(pid, 'SIGTERM');
  const askedAt = performance.now();
  while (runs()) {
    const waitedMs = performance.now() - askedAt;
    if (waitedMs > graceMs) signal(pid, 'SIGKILL');
    if (waitedMs > graceMs + 5_000) throw new Error(`Process ${pid} of an earlier start does not end. End it by hand.`);
    await sleep(20);
  }
  rmSync(file, { force: true });
  return true;
}

function read(file: string): { readonly pid: number; readonly start: string } | undefined {
  try {
    const { pid, start } = JSON.parse(readIfThere(file) ?? '');
    return Number.isSafeInteger(pid) && pid > 1 && typeof start === 'string' ? { pid, start } : undefined;
  } catch {
    return undefined; // Cut off or not ours: it names nobody.
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
