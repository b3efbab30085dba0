import { plainText } from './plain-text.ts';

/** Why a runner ended, or is about to, as far as its own lines tell. */
export type RunnerTrouble =
  | 'token_refused'
  | 'registration_deleted'
  | 'session_conflict'
  | 'version_deprecated'
  | 'removed'
  | 'not_configured'
  | 'already_configured'
  | 'name_taken'
  | 'root_refused'
  | 'library_missing'
  | 'github_unreachable';

/** How the runner says that a job ended. */
export const jobResults = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'] as const;
export type JobResult = (typeof jobResults)[number];

/** What a line of the runner's log means. A trouble is why it ended if it ends before it listens (again). */
export type RunnerLine =
  | { readonly kind: 'listening' }
  | { readonly kind: 'connected'; readonly version: string }
  | { readonly kind: 'busy'; readonly job: string }
  | { readonly kind: 'job_completed'; readonly job: string; readonly result: JobResult }
  | { readonly kind: 'trouble'; readonly reason: RunnerTrouble };

/** Longer lines are never the runner's own. */
const longest = 4096;

// `2026-11-24 06:31:12Z: `, which the runner puts before some of its lines.
const stamp = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z:? /;
const version = /^Current runner version: '([0-9A-Za-z.+-]{1,64})'$/;
const running = /^Running job: (.+)$/;
const completed = new RegExp(`^Job (.+) completed with result: (${jobResults.join('|')})$`);

// The sentences are those of actions/runner: Runner.cs, MessageListener.cs, ConfigurationManager.cs, config.sh,
// run-helper.sh. They are looked for at the beginning of a line, where a job's own output rarely has them.
const troubles: readonly (readonly [RegExp, RunnerTrouble])[] = [
  [
    /^Http response code: (?:NotFound|Unauthorized|Forbidden) from '[A-Z]{3,7} \S+\/actions\/runner-registration'/,
    'token_refused',
  ],
  [/^Failed to create a session\. The runner registration has been deleted/, 'registration_deleted'],
  [/^A session for this runner already exists/, 'session_conflict'],
  [/^Stop retry on SessionConflictException/, 'session_conflict'],
  [/^Runner listener exit with Session Conflict error/, 'session_conflict'],
  [/^(?:An error occur{1,2}ed: )?Runner version v?[0-9.]{1,32} is deprecated/, 'version_deprecated'],
  [/^Runner listener exit with deprecated version exit code/, 'version_deprecated'],
  [/^The runner no longer exists on the server/, 'removed'],
  [/^(?:An error occur{1,2}ed: )?Not configured\. Run config/, 'not_configured'],
  [/^Runner is not configured/, 'not_configured'],
  [/^Cannot configure the runner because it is already configured/, 'already_configured'],
  [/^A runner exists with the same name/, 'name_taken'],
  [/^Must not run (?:interactively )?with sudo/, 'root_refused'],
  [/^\S+: error while loading shared libraries: /, 'library_missing'],
  [/^No usable version of libssl was found/, 'library_missing'],
  [/^(?:Dependencies is|Libicu's dependencies is) missing for Dotnet Core/, 'library_missing'],
  [/^Couldn't find a valid ICU package/, 'library_missing'],
  [/^Runner connect error: /, 'github_unreachable'],
];

/** What a line of the runner's log means, or undefined if it means nothing to us. */
export function classifyRunnerLine(line: string): RunnerLine | undefined {
  if (line.length > longest) return undefined;
  const text = plainText(line).trim().replace(stamp, '');
  if (text === 'Listening for Jobs') return { kind: 'listening' };

  const runs = version.exec(text)?.[1];
  if (runs !== undefined) return { kind: 'connected', version: runs };

  const job = running.exec(text)?.[1];
  if (job !== undefined) return { kind: 'busy', job };

  const [, ended, result] = completed.exec(text) ?? [];
  if (ended !== undefined) return { kind: 'job_completed', job: ended, result: result as JobResult };

  const reason = troubles.find(([pattern]) => pattern.test(text))?.[1];
  return reason === undefined ? undefined : { kind: 'trouble', reason };
}
