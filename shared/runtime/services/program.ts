import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { problem } from '#domain/problem.ts';
import { version } from '#domain/version.ts';
import { service } from '../service.ts';

/** What gets installed on nodes. */
export interface Program {
  /** The agent's program, one file; `installer.not-found` where this installation serves none. */
  agent(): Promise<string>;
  /** The script that installs it. */
  installer(): Promise<string>;
  /** Which agent that is: its version, and the SHA-256 of its file in hex (empty where none is served). */
  release(): Promise<{ readonly version: string; readonly sha256: string }>;
}

const none = (cause?: unknown) =>
  problem('installer.not-found', 'This installation was built without an agent: `npm run build` makes one.', { cause });

/** The agent's files: `agent.mjs` and `install.sh` in `RUNNER_PILOT_AGENT_FOLDER`. */
export const program = service({
  id: 'program',
  config: z.object({
    RUNNER_PILOT_AGENT_FOLDER: z.string().optional(),
    /** Saves functions that only tell the hash from having the file. */
    RUNNER_PILOT_AGENT_SHA256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')
      .optional(),
  }),
  open: ({ RUNNER_PILOT_AGENT_FOLDER: folder, RUNNER_PILOT_AGENT_SHA256: known }): Program => {
    const files = new Map<string, Promise<string>>();
    const read = (name: string): Promise<string> => {
      if (folder === undefined) return Promise.reject(none());
      const reading =
        files.get(name) ?? readFile(join(folder, name), 'utf8').catch((error) => Promise.reject(none(error)));
      files.set(name, reading);
      reading.catch(() => files.delete(name));
      return reading;
    };
    const agent = () => read('agent.mjs');
    // Nodes enroll and sync without a program to install: what serves none just says so.
    const hash = () =>
      agent().then(
        (text) => createHash('sha256').update(text).digest('hex'),
        () => '',
      );
    return {
      agent,
      installer: () => read('install.sh'),
      release: async () => ({ version, sha256: known ?? (await hash()) }),
    };
  },
});
