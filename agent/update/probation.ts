import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../environment.ts';
import type { Log } from '../log.ts';
import { openState } from '../state.ts';
import { agentVersion } from '../version.ts';
import { copyFile } from './file.ts';
import { isWatched, nameOf, ownProgram, type Release, watchedMs } from './updates.ts';

/** How often a program that is watched may crash. */
const mostCrashes = 3;

/** Where the program lies that a new one has replaced: what starts the agent finds only the new one. */
export const previousProgram = ({ stateFolder }: Settings): string => join(stateFolder, 'agent.previous.mjs');

/** Before a program takes the place of the one that runs: that one is kept, and the new one is watched. */
export function beginProbation(settings: Settings, program: string, { version, sha256 }: Release): void {
  copyFile(program, previousProgram(settings));
  openState(settings.stateFolder).setProbation({ version, sha256, since: Date.now(), starts: 0 });
}

/**
 * Counts a start of this program, if it is watched. One that has worked in its trial and crashes all the same is started
 * again by whoever starts the agent: after three times the program before it is put back, whose path is the answer.
 */
export function startProbation(settings: Settings, log: Log): string | undefined {
  const state = openState(settings.stateFolder);
  const watched = state.probation();
  if (watched === undefined) return undefined;
  const own = ownProgram(settings);
  const previous = previousProgram(settings);
  if (own === undefined || !isWatched(state, own.sha256) || !existsSync(previous)) {
    state.setProbation(undefined);
    rmSync(previous, { force: true });
    return undefined;
  }
  if (watched.starts < mostCrashes) {
    state.setProbation({ ...watched, starts: watched.starts + 1 });
    return undefined;
  }
  const failure = `It worked in its trial, and then crashed ${watched.starts} times within ${watchedMs / 60_000} minutes. The agent's log says why.`;
  // In this order: whoever dies in between does it again, or has done it.
  state.updateFailed(watched, failure);
  copyFile(previous, own.path);
  state.setProbation(undefined);
  log(`${nameOf(watched)} does not work, and the one before it (this is ${agentVersion}) is put back: ${failure}`);
  return own.path;
}

/** It was ended, or goes for another program: that is no crash. */
export function endedWell(settings: Settings): void {
  const state = openState(settings.stateFolder);
  const watched = state.probation();
  if (watched && watched.starts > 0) state.setProbation({ ...watched, starts: watched.starts - 1 });
}
