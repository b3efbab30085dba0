import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a folder that only its owner may enter, whatever the umask is and whoever made it before. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

/** Replaces a file as a whole: a crash at any moment, of the machine too, leaves the old content or the new. */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** A file's text; undefined if there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What a JSON file holds; if there is none yet, it is made, and is on the disk before anybody uses it. */
export function loadOrCreate<T>(path: string, parse: (value: unknown) => T, create: () => T): T {
  const text = readIfThere(path);
  if (text !== undefined) {
    chmodSync(path, 0o600);
    try {
      return parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`${path} is damaged. Restore it from a backup; if you delete it, what depends on it is lost.`, {
        cause: error,
      });
    }
  }
  const created = create();
  makePrivateFolder(dirname(path));
  writePrivateFile(path, `${JSON.stringify(created, null, 2)}\n`);
  return created;
}

/** Whether a file system call failed because nothing is there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** A rename is only sure to be on the disk once its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
