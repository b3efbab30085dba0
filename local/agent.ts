import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, superviseChild } from './child.ts';
import { endRemembered } from './processes.ts';

/** What {@link startAgent} needs. */
export interface AgentOptions {
  readonly dataFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Which agent runs. */
  readonly program: string;
  readonly onCrash: (what: string) => void;
}

const keptLogBytes = 4 * 1024 * 1024;
const graceMs = 2_000;
/** It waits most of the time: a small nursery costs it nothing and saves memory. */
const smallHeap = ['--max-semi-space-size=2'];

/** Runs the agent of this machine as a child; one that an earlier start has left behind is ended first. */
export async function startAgent(options: AgentOptions): Promise<Pick<Child, 'pid'> & { stop(): Promise<void> }> {
  const { dataFolder, environment, program, onCrash } = options;
  const pidFile = join(dataFolder, 'agent.pid');
  await endRemembered(pidFile, graceMs);

  const logFile = join(dataFolder, 'agent.log');
  const output = openLog(logFile);
  const child = superviseChild({
    command: process.execPath,
    arguments: [...smallHeap, program],
    environment,
    pidFile,
    output,
    onCrash: (how, againInMs) =>
      onCrash(`The agent has ended (${how}); starting it again in ${againInMs / 1000} s. ${logFile} may say why.`),
  });
  return {
    get pid() {
      return child.pid;
    },
    async stop() {
      await child.stop(graceMs);
      closeSync(output);
    },
  };
}

/** Two generations of its log are kept: this one, and the one before. */
function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > keptLogBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
