import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from '../aws/disk.ts';

/**
 * Ends an engine that an earlier start has left behind, by its pid file. Its parent's pipe ends it normally; this is for
 * when even the watcher was killed. The pid may have been given to somebody else since, so the command line is checked.
 */
export async function endStale(pidFile: string, database: string): Promise<void> {
  const pid = Number(readIfThere(pidFile));
  if (Number.isInteger(pid) && pid > 1) {
    for (let waitedMs = 0; commandOf(pid).includes(database); waitedMs += 20) {
      if (waitedMs > 5_000) throw new Error(`Process ${pid} still holds ${database} and does not end. End it by hand.`);
      signal(pid);
      await sleep(20);
    }
  }
  rmSync(pidFile, { force: true });
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL'); // SQLite's journal makes this safe, and a stale engine may hang.
  } catch {
    // It has ended meanwhile.
  }
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
