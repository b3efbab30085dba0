import { isOnline, type RegisteredRunner, type State } from './state.ts';

/** What a job does: the stand-in's runner carries it out. */
export type Step =
  | { readonly print: number }
  | { readonly burnSeconds: number }
  | { readonly sleepSeconds: number }
  | { readonly holdMb: number; readonly seconds: number }
  | { readonly wait: 'release' }
  | { readonly run: string };

/** How a job ends. */
export type JobResult = 'Succeeded' | 'Failed' | 'Canceled';

/** A job to be queued. */
export interface JobOrder {
  /** `owner/name`. */
  readonly repository: string;
  readonly name: string;
  /** A runner must have all of them. */
  readonly labels?: readonly string[];
  readonly steps?: readonly Step[];
  /** What it ends with if its steps do not fail. */
  readonly result?: 'Succeeded' | 'Failed';
}

/** A job, and on which runners it has been started; more than one is a fault. */
export interface Job {
  readonly id: number;
  readonly repository: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly steps: readonly Step[];
  readonly result: 'Succeeded' | 'Failed';
  readonly runs: { readonly runnerId: number; readonly runnerName: string; readonly at: number }[];
  status: 'queued' | 'assigned' | 'in_progress' | 'completed';
  conclusion?: JobResult | 'Lost';
  endedAt?: number;
  runner?: { readonly id: number; readonly at: number };
  released: boolean;
  cancelled: boolean;
}

/** A job not picked up by the runner that it was assigned to is queued again after 60 s. */
const pickUpMs = 60_000;

/** The queue of jobs. */
export interface Jobs {
  queue(order: JobOrder): Job;
  list(): readonly Job[];
  find(id: number): Job | undefined;
  /** The oldest job that waits and that the runner may take, which is then its. */
  take(runner: RegisteredRunner): Job | undefined;
  /** The job that the runner has now. */
  of(runner: RegisteredRunner): Job | undefined;
  start(job: Job, runner: RegisteredRunner): void;
  complete(job: Job, result: JobResult): void;
  release(id: number): void;
  cancel(id: number): void;
}

/** An empty queue. */
export function createJobs(state: State): Jobs {
  const jobs: Job[] = [];
  const known = (id: number) => {
    const job = jobs.find((candidate) => candidate.id === id);
    if (job === undefined) throw new Error(`There is no job ${id}: queueJob() returns the job with its id.`);
    return job;
  };
  const end = (job: Job, conclusion: JobResult | 'Lost') => {
    const runner = job.runner === undefined ? undefined : state.runners.get(job.runner.id);
    if (runner?.ephemeral === true) state.runners.delete(runner.id);
    job.status = 'completed';
    job.conclusion = conclusion;
    job.endedAt = state.now();
    delete job.runner;
    state.changed();
  };
  const settle = () => {
    for (const job of jobs) {
      if (job.runner === undefined) continue;
      const runner = state.runners.get(job.runner.id);
      if (job.status === 'assigned' && (runner === undefined || state.now() - job.runner.at > pickUpMs)) {
        job.status = 'queued';
        delete job.runner;
      } else if (job.status === 'in_progress' && (runner === undefined || !isOnline(state, runner))) {
        end(job, 'Lost');
      }
    }
  };
  const suits = (job: Job, runner: RegisteredRunner) => {
    const has = new Set(runner.labels.map((label) => label.name.toLowerCase()));
    const scope = job.repository.toLowerCase();
    return (
      (runner.scope === scope || runner.scope === scope.split('/')[0]) &&
      job.labels.every((label) => has.has(label.toLowerCase()))
    );
  };

  return {
    queue(order) {
      const job: Job = {
        id: state.nextId(),
        repository: order.repository,
        name: order.name,
        labels: order.labels ?? ['self-hosted'],
        steps: order.steps ?? [],
        result: order.result ?? 'Succeeded',
        runs: [],
        status: 'queued',
        released: false,
        cancelled: false,
      };
      jobs.push(job);
      state.changed();
      return job;
    },
    list() {
      settle();
      return jobs;
    },
    find: (id) => jobs.find((job) => job.id === id),
    take(runner) {
      settle();
      // What was given but has not been started was perhaps never heard of: it is given again.
      const given = jobs.find((candidate) => candidate.runner?.id === runner.id);
      if (given !== undefined) return given.status === 'assigned' ? given : undefined;
      const job = jobs.find((candidate) => candidate.status === 'queued' && suits(candidate, runner));
      if (job === undefined) return undefined;
      job.status = 'assigned';
      job.runner = { id: runner.id, at: state.now() };
      return job;
    },
    of(runner) {
      settle();
      return jobs.find((job) => job.runner?.id === runner.id);
    },
    start(job, runner) {
      // The answer to the first time may have been lost.
      if (job.status === 'in_progress') return;
      job.status = 'in_progress';
      job.runs.push({ runnerId: runner.id, runnerName: runner.name, at: state.now() });
      state.changed();
    },
    complete: end,
    release(id) {
      known(id).released = true;
      state.changed();
    },
    cancel(id) {
      const job = known(id);
      job.cancelled = true;
      if (job.status === 'queued' || job.status === 'assigned') end(job, 'Canceled');
      state.changed();
    },
  };
}
