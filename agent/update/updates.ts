import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncReply } from '../control/client.ts';
import { download } from '../download.ts';
import type { Settings } from '../environment.ts';
import type { AgentState } from '../state.ts';

/** The program that a control plane serves. */
export type Release = SyncReply['agent'];

/** A program that is to take the place of the one that runs. */
export interface Candidate {
  readonly release: Release;
  readonly path: string;
  /** What it replaces. */
  readonly program: string;
}

/** Builds of one version may differ. */
export const nameOf = ({ version, sha256 }: Release): string => `agent ${version} (${sha256.slice(0, 12)})`;

/** For how long a program that has just taken another's place is watched. */
export const watchedMs = 10 * 60_000;

/** Whether a program has taken another's place so lately that it may still turn out not to work. */
export const isWatched = (state: Pick<AgentState, 'probation'>, sha256: string): boolean => {
  const probation = state.probation();
  return probation?.sha256 === sha256 && Date.now() - probation.since <= watchedMs;
};

const sha256Hex = /^[0-9a-f]{64}$/;
const firstHoldMs = 60_000;
const longestHoldMs = 6 * 3_600_000;
const downloadMs = 10 * 60_000;
/** For how long what is under way is waited for, and how often it is looked. */
const busyMs = 15 * 60_000;
const lookMs = 500;

/** The program that runs, where it may be replaced; a checkout runs `main.ts`, which is not for us to write to. */
export function ownProgram({ updates }: Settings): { readonly path: string; readonly sha256: string } | undefined {
  const [, path = ''] = process.argv;
  if (!updates || basename(path) !== 'agent.mjs') return undefined;
  return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** Loads the program that the control plane names, if it is another than the one that runs. */
export function createUpdates(options: {
  readonly settings: Settings;
  readonly state: AgentState;
  /** Is no start, stop or pull under way? */
  readonly isIdle: () => boolean;
  readonly onReady: (candidate: Candidate) => void;
  readonly signal: AbortSignal;
  readonly log: (what: string) => void;
}) {
  const { settings, state, isIdle, signal, log } = options;
  const own = ownProgram(settings);
  let isPreparing = false;

  const isHeld = ({ sha256 }: Release): boolean => {
    const failed = state.failedUpdate();
    if (failed?.sha256 !== sha256) return false;
    return Date.now() - failed.at < Math.min(longestHoldMs, firstHoldMs * 2 ** Math.min(failed.failures, 10));
  };

  const prepare = async (release: Release, into: string): Promise<void> => {
    // It came with Node 22.15.
    if (process.execve === undefined) throw new Error('Node 22.15 or newer is needed for that.');
    const path = join(dirname(into), 'agent.next.mjs');
    const url = `${settings.url?.replace(/\/+$/, '')}/agent/agent.mjs`;
    rmSync(path, { force: true });
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(downloadMs)]);
    const actual = await download(url, path, 'the agent', timeout);
    if (actual !== release.sha256) throw new Error(`${url} has the sha256 ${actual}, and not ${release.sha256}.`);
    // What would be cut off is safe, for it is begun again; but there is no need.
    for (const until = Date.now() + busyMs; !isIdle() && Date.now() < until; ) {
      await sleep(lookMs, undefined, { signal });
    }
    log(`${nameOf(release)} is here: it is tried.`);
    options.onReady({ release, path, program: into });
  };

  return {
    /** The control plane serves this program. */
    told(release: Release): void {
      if (own === undefined || isPreparing || !sha256Hex.test(release.sha256)) return;
      const isThis = release.sha256 === own.sha256;
      // One that is tried again after it has crashed has yet to show that it doesn't.
      if (isThis && (state.failedUpdate()?.sha256 !== own.sha256 || !isWatched(state, own.sha256))) state.updated();
      if (isThis || isHeld(release)) return;
      isPreparing = true;
      prepare(release, own.path).catch((error) => {
        isPreparing = false;
        if (signal.aborted) return;
        const detail = `${error instanceof Error ? error.message : error}`;
        state.updateFailed(release, detail);
        log(`The agent can't become ${nameOf(release)}: ${detail}`);
      });
    },

    /** Why the last update came to nothing, if it did. */
    failure(): string | undefined {
      const failed = state.failedUpdate();
      return failed && `${nameOf(failed)}: ${failed.detail}`.slice(0, 512);
    },
  };
}
