import { readFileSync } from 'node:fs';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Tells when npm, which has started us, has ended without telling us (it passes signals on, but not when it is killed).
 * Between npm and us there may be a shell, so both are watched; started by anybody else, we outlive them like any
 * server.
 */
export function watchParent(environment: Environment, onEnd: () => void, everyMs = 500): () => void {
  if (environment.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const shell = /(?:^|\/)(?:ba|da|a|k|z)?sh\0-c\0/.test(commandOf(parent)) ? parent : undefined;
  const grandparent = shell === undefined ? undefined : parentOf(shell);
  const timer = setInterval(() => {
    const orphaned = process.ppid !== parent || (shell !== undefined && parentOf(shell) !== grandparent);
    if (!orphaned) return;
    clearInterval(timer);
    onEnd();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

// Where there is no /proc, only the parent itself is watched.
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function parentOf(pid: number): string | undefined {
  try {
    return /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
