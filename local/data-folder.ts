import { chmodSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFolder, readIfThere, writePrivateFile } from './aws/disk.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where one installation keeps everything. */
export interface DataFolder {
  readonly path: string;
  /** Says in the folder who has it, for the message to whoever comes second. */
  sign(url: string): void;
  /** Gives the folder back. */
  release(): void;
}

/** RUNNER_PILOT_DATA, else `runner-pilot` where the XDG base directory specification keeps state. */
export function dataFolderOf(environment: Environment): string {
  if (environment.RUNNER_PILOT_DATA) return resolve(environment.RUNNER_PILOT_DATA);
  const state = environment.XDG_STATE_HOME ?? '';
  // "All paths set in these environment variables must be absolute. [Otherwise] consider the path invalid and ignore it."
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'runner-pilot');
}

/** Makes the folder, for its owner only, and takes it for this process: there is one process per data folder. */
export function openDataFolder(path: string): DataFolder {
  makeOurs(path);
  const lock = takeLock(join(path, 'lock'));
  const signature = join(path, 'server.json');
  if (!lock) throw new Error(inUse(path, readIfThere(signature)));
  return {
    path,
    sign: (url) => writePrivateFile(signature, `${JSON.stringify({ pid: process.pid, url })}\n`),
    release: () => lock.close(),
  };
}

function makeOurs(path: string): void {
  try {
    makePrivateFolder(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The data folder ${path} can't be used (${why}). Set RUNNER_PILOT_DATA to a folder of your own.`, {
      cause: error,
    });
  }
  const uid = process.getuid?.();
  if (uid !== undefined && statSync(path).uid !== uid) {
    throw new Error(`The data folder ${path} belongs to another user. Set RUNNER_PILOT_DATA to a folder of your own.`);
  }
}

/**
 * A lock that ends with the process, however that ends: SQLite's, which is the operating system's lock of a part of a
 * file. Node has no call for one, a pid file outlives a kill, and an abstract socket is not seen from a container.
 */
function takeLock(file: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(file);
  chmodSync(file, 0o600);
  try {
    lock.exec('PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    // SQLITE_BUSY, https://sqlite.org/rescode.html#busy
    if (error instanceof Error && 'errcode' in error && error.errcode === 5) return undefined;
    throw error;
  }
}

function inUse(path: string, signature: string | undefined): string {
  const rest = 'Stop that one first, or set RUNNER_PILOT_DATA (and PORT) for a second installation.';
  try {
    const { pid, url } = JSON.parse(signature ?? '');
    return `Runner Pilot runs already on the data folder ${path}: process ${pid}, at ${url}. ${rest}`;
  } catch {
    return `Runner Pilot runs already on the data folder ${path}. ${rest}`;
  }
}
