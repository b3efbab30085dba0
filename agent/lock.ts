import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the lock of a state folder, of which there is one agent. flock(2) belongs to an open file description: the child
 * shares ours, locks it and ends, and the lock ends with this process, however that ends. Undefined: another has it.
 */
export function takeLock(folder: string): { release(): void } | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(join(folder, 'agent.lock'), 'a', 0o600);
  const { status, error } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
  if (error !== undefined) {
    throw new Error('The program flock is needed. It is in the package util-linux.', { cause: error });
  }
  if (status === 0) return { release: () => closeSync(file) };
  closeSync(file);
  return undefined;
}
