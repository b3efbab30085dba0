import { classifyRunnerLine } from '#domain/runner-lines.ts';
import type { InstanceRecord } from '../state.ts';

/** What the runner does, as far as its lines have told. */
export type Phase = Pick<InstanceRecord, 'phase' | 'job' | 'result' | 'listened_at' | 'jobs' | 'trouble'>;

/** Before the first line. */
export const startedPhase: Phase = { phase: 'running', jobs: 0 };

// How the entry script says why it can't start the runner: `[runner-pilot] ERROR library_missing: libssl is missing…`.
const entryTrouble = /^\[runner-pilot\] ERROR ([a-z][a-z0-9_]{0,62}): /;

/** What the runner does after a line of its output; the same object, if the line says nothing about it. */
export function afterLine(before: Phase, text: string, atMs: number): Phase {
  const { trouble, job, result, ...rest } = before;
  const said = classifyRunnerLine(text);
  if (said === undefined) {
    // Once it has listened the script is long gone, and whoever prints this is a job.
    const code = before.listened_at === undefined ? entryTrouble.exec(text)?.[1] : undefined;
    return code === undefined ? before : { ...before, trouble: { code, line: text.slice(0, 512) } };
  }
  switch (said.kind) {
    case 'connected':
      return before;
    case 'listening':
      return {
        ...rest,
        // A job that has ended is told of until the next one.
        ...(result !== undefined && { job, result }),
        phase: 'listening',
        listened_at: before.listened_at ?? atMs,
      };
    case 'busy':
      return { ...rest, phase: 'busy', job: said.job.slice(0, 256), listened_at: before.listened_at ?? atMs };
    case 'job_completed':
      return {
        ...rest,
        phase: 'listening',
        job: job ?? said.job.slice(0, 256),
        result: said.result,
        jobs: before.jobs + 1,
        listened_at: before.listened_at ?? atMs,
      };
    case 'trouble':
      return { ...before, trouble: { code: said.reason, line: text.slice(0, 512) } };
  }
}

/** Troubles after which the runner can't work any more, though it may go on trying: it is ended then. */
export const isFatal = (code: string): boolean => code !== 'github_unreachable' && code !== 'session_conflict';
