import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Granted } from '../control/client.ts';

const credential = 'credential';

/** Everything that ends in a file which the entry script reads as one line: no value may have a second one. */
const oneLine = (name: string, value: string): string => {
  if (/[\r\n\0]/.test(value)) throw new Error(`The ${name} of the runner has a line break in it.`);
  return value;
};

/**
 * The folder by which a start's credential and parameters reach the container. It lies on the host's tmpfs, in a parent
 * that is closed to everybody else; it itself is open, for we can't know as which user the image runs. It exists from
 * the start's claim to the moment in which the runner has read it.
 */
export function createInputs(runFolder: string) {
  const parent = join(runFolder, 'input');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folderOf = (uid: string) => join(parent, uid);

  return {
    folderOf,

    /** Makes the folder, empty: the engine wants it there when it makes the container. */
    prepare(uid: string): string {
      const folder = folderOf(uid);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      // Not by mkdir's mode, which the umask cuts.
      chmodOpen(folder);
      return folder;
    },

    /** Puts the files in place, the credential last. `sharedFolder`: what the runner shares with Docker. */
    put(uid: string, granted: Granted, bootId: string, sharedFolder?: string): void {
      const folder = folderOf(uid);
      const files: Readonly<Record<string, string>> = {
        kind: granted.kind,
        boot: bootId,
        url: granted.url,
        name: granted.name,
        labels: granted.labels.join(','),
        ephemeral: granted.ephemeral ? 'true' : 'false',
        ...(sharedFolder === undefined ? {} : { shared: sharedFolder }),
        [credential]: granted.secret,
      };
      for (const [name, value] of Object.entries(files)) {
        const path = join(folder, name);
        rmSync(path, { force: true });
        writeFileSync(path, `${oneLine(name, value)}\n`, { mode: 0o600 });
        chmodOpen(path);
      }
    },

    exists: (uid: string): boolean => exists(folderOf(uid)),

    /** Has the entry script taken the credential? */
    isTaken: (uid: string): boolean => !exists(join(folderOf(uid), credential)),

    /** Removes it. In a container that runs it stays as an empty folder in which nothing can be made any more. */
    remove: (uid: string): void => rmSync(folderOf(uid), { recursive: true, force: true }),

    list: (): string[] => readdirSync(parent),
  };
}

/** The folders of starts under way. */
export type Inputs = ReturnType<typeof createInputs>;

const chmodOpen = (path: string) => chmodSync(path, 0o777);
const exists = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
