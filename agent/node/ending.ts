import type { Container } from '../engine/replies.ts';
import { label } from './labels.ts';
import type { Phase } from './phase.ts';

/** Why a container has ended: a code of ours, and a sentence. */
export interface Ending {
  readonly code: string;
  readonly detail: string;
}

const sentences: Readonly<Record<string, string>> = {
  token_refused:
    'GitHub refused the registration token: it has expired, or is for another repository. PUT the runner with a new one, or with a personal access token, which lasts.',
  registration_deleted: 'GitHub has deleted the registration of this runner.',
  session_conflict: 'Another runner of this name is connected to GitHub.',
  version_deprecated: 'GitHub does not accept this version of its runner any more. Use an image with a newer one.',
  removed: 'The runner was removed at GitHub.',
  not_configured: 'The runner has lost its registration.',
  restarted_already: 'The runner ended after the node was restarted, and is started again once per boot only.',
  already_configured: 'The image has a runner that is configured already. Use an image without .runner files.',
  name_taken: 'GitHub has another runner of this name.',
  root_refused: 'The runner refuses to run as root.',
  library_missing: "The image lacks a library that GitHub's runner needs.",
  github_unreachable: 'The runner could not reach GitHub.',
};

const killed = new Set([137, 143]);

/** Why it ended, by what the engine knows and what the runner has said. */
export function endingOf(container: Container, phase: Phase, isOfThisBoot: boolean, lostDocker = false): Ending {
  const { ExitCode: exit, OOMKilled, Error: engineError } = container.State;
  const during = phase.phase === 'busy' && phase.job !== undefined ? ` while it ran "${phase.job}"` : '';
  if (OOMKilled && exit !== 0) {
    const limit = container.HostConfig.Memory;
    const of = limit ? ` It may use ${Math.round(limit / 1024 / 1024)} MB: give the runner more.` : '';
    return { code: 'out_of_memory', detail: `The container ran out of memory${during}.${of}` };
  }
  if (phase.trouble !== undefined) {
    const { code, line } = phase.trouble;
    return { code, detail: `${sentences[code] ?? 'The runner could not start.'} It said: ${line}`.slice(0, 1024) };
  }
  // A clean end after a job was one before a reboot, too: what a reboot takes away does not end with 0. What lasts goes on
  // after a job, so only a reboot that let it end by itself has ended it.
  const lasts = container.Config.Labels?.[label.persistent] !== undefined;
  const done = exit === 0 && phase.phase !== 'busy' && phase.jobs > 0 && !lasts;
  if (!done && !isOfThisBoot) {
    return { code: 'node_rebooted', detail: `The node was restarted${during}.` };
  }
  if (lostDocker && !done) return { code: 'docker_unavailable', detail: `Its Docker daemon has ended${during}.` };
  if (killed.has(exit)) {
    return { code: 'killed', detail: `The container was killed with code ${exit}${during}, and not by this service.` };
  }
  if (engineError) return { code: 'engine_error', detail: `The engine says: ${engineError}`.slice(0, 1024) };
  if (phase.phase === 'busy') return { code: 'exited', detail: `The runner ended with code ${exit}${during}.` };
  if (phase.jobs > 0) return { code: 'job_completed', detail: 'The runner did its job and ended.' };
  if (phase.listened_at !== undefined) return { code: 'exited', detail: `The runner ended with code ${exit}.` };
  return {
    code: 'never_listened',
    detail: `The container ended with code ${exit} before its runner listened for jobs. Its log tells more.`,
  };
}
