import type { Instance, LastJob } from '../instance.ts';
import { keeper } from '../replacement.ts';

/** Something that happened to an instance, for whoever asks later; `at` is epoch milliseconds, `by` the uid of a person. */
export interface InstanceEvent {
  readonly subject: string;
  readonly code: string;
  readonly detail: string;
  readonly at: number;
  readonly by?: string | undefined;
  readonly data?: Readonly<Record<string, string | number>> | undefined;
}

type Told = Omit<InstanceEvent, 'subject' | 'at'> & { readonly at: number | undefined };

const jobEvents = ({ name: job, started_at, ended_at, result }: LastJob): readonly Told[] => [
  { code: 'job_started', at: started_at, detail: `The job "${job}" began.`, data: { job } },
  {
    code: 'job_ended',
    at: ended_at,
    detail: result ? `The job "${job}" ended: ${result}.` : `The job "${job}" ended without telling how.`,
    data: { job, ...(result && { result }) },
  },
];

function endOf(row: Instance): readonly Told[] {
  const { reason, ended_at, exit_code } = row;
  // What runs and is deleted has not ended by itself.
  if (!reason || row.state === 'requested' || ended_at === row.deleted_at) return [];
  const exited = exit_code !== undefined;
  const data = { reason: reason.code, ...(exited && { exit_code }) };
  return [{ code: exited ? 'exited' : 'failed', at: ended_at, detail: reason.detail, data }];
}

function attemptOf({ state, reason, attempts, rebooted }: Instance): readonly Told[] {
  if (state !== 'requested' || !reason || reason.since === rebooted?.at) return [];
  const data = { reason: reason.code, attempts };
  return [{ code: 'attempt_failed', at: reason.since, detail: reason.detail, data }];
}

/** Who did something: a person, or nobody but the number that is kept, with what for. */
const doneBy = (by: string | undefined, cause: string): Pick<Told, 'by' | 'data'> => {
  if (by === keeper) return { data: { cause } };
  return by === undefined ? {} : { by };
};

function rebootOf({ rebooted, restarted_at, node_name: node }: Instance): readonly Told[] {
  if (!rebooted) return [];
  const { at, job } = rebooted;
  const during = job === undefined ? '' : ` while it ran "${job}"`;
  return [
    {
      code: 'node_rebooted',
      at,
      detail: `${node} was restarted${during}.`,
      ...(job !== undefined && { data: { job } }),
    },
    { code: 'restarted', at: restarted_at, detail: `The container was started again on ${node}.` },
  ];
}

/** All that an instance's row tells of what has happened to it, oldest first. */
export function historyOf(row: Instance): readonly InstanceEvent[] {
  const { node_name: node, created_by, deleted_by } = row;
  const confirmed = row.gone_at !== undefined || row.state !== 'deleted';
  const told: readonly Told[] = [
    {
      code: 'requested',
      at: row.created_at,
      detail: `An instance of ${row.runner_name} on ${node} was asked for.`,
      ...doneBy(created_by, 'replacement'),
    },
    { code: 'pulling', at: row.pulling_at, detail: `${node} began to pull ${row.image}.`, data: { image: row.image } },
    { code: 'claimed', at: row.claimed_at, detail: `${node} claimed the start.` },
    ...attemptOf(row),
    { code: 'created', at: row.container_at, detail: `The container was created on ${node}.` },
    { code: 'started', at: row.started_at, detail: `The container started on ${node}.` },
    { code: 'listening', at: row.listening_at, detail: 'The runner listened for jobs.' },
    ...rebootOf(row),
    ...(row.last_job ? jobEvents(row.last_job) : []),
    ...(row.job ? jobEvents(row.job) : []),
    ...endOf(row),
    {
      code: 'deleted',
      at: row.deleted_at,
      detail: confirmed ? 'The instance was deleted.' : `The instance was deleted without waiting for ${node}.`,
      ...doneBy(deleted_by, 'surplus'),
    },
    { code: 'removed', at: row.gone_at, detail: `${node} confirmed that nothing of it is left.` },
  ];
  return told
    .flatMap(({ at, ...event }) => (at === undefined ? [] : [{ ...event, at, subject: row.uid }]))
    .sort((a, b) => a.at - b.at);
}
