import { closeSync, copyFileSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** Puts a file in the place of another. Whatever of it is in memory only is on the disk before, and so is its name then. */
export function replaceFile(from: string, to: string): void {
  sync(from);
  renameSync(from, to);
  sync(dirname(to));
}

/** Copies a file, wherever the other place is, so that it is there as a whole or not at all. */
export function copyFile(from: string, to: string): void {
  const draft = `${to}.new`;
  copyFileSync(from, draft);
  replaceFile(draft, to);
}
