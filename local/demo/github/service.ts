import type { Answer, Call, Route } from './http.ts';
import type { Job, JobResult, Jobs, Step } from './jobs.ts';
import { register, runnerByName } from './registration.ts';
import { compareVersions } from './releases.ts';
import { isOnline, type RegisteredRunner, type State } from './state.ts';

// What the stand-in's runner talks to. GitHub's own service isn't documented; this one is made for a shell script:
// lines of key=value both ways, and always 200, since busybox wget shows no body otherwise.

const lines = (first: string, values: Readonly<Record<string, string | number>> = {}): Answer => ({
  status: 200,
  text: [first, ...Object.entries(values).map(([key, value]) => `${key}=${value}`), ''].join('\n'),
});

const fields = (call: Call): Map<string, string> =>
  new Map(
    call.body.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );

const stepLine = (step: Step): string => {
  if ('print' in step) return `print ${step.print}`;
  if ('burnSeconds' in step) return `burn ${step.burnSeconds}`;
  if ('sleepSeconds' in step) return `sleep ${step.sleepSeconds}`;
  if ('holdMb' in step) return `hold ${step.holdMb} ${step.seconds}`;
  if ('wait' in step) return 'wait release';
  return `run ${Buffer.from(step.run).toString('base64')}`;
};

/** The runner-facing side. */
export function serviceRoutes(state: State, jobs: Jobs, pollMs: number): Route[] {
  const deprecated = (version: string) => compareVersions(version, state.minimumVersion) < 0;

  const registration = (call: Call): Answer => {
    const given = fields(call);
    const value = (key: string) => given.get(key) ?? '';
    const scope = new URL(value('url'), state.url).pathname.slice(1).replace(/\/$/, '').toLowerCase();
    const token = state.issued.get(value('token'));
    const remove = value('event') === 'remove';
    const good =
      token !== undefined &&
      (token.scope === '*' || token.scope === scope) &&
      token.expiresAt > state.now() &&
      (token.scope === '*' || token.purpose === (remove ? 'remove' : 'register'));
    if (!good) return lines('error not_found', { request_id: `STAND:IN:${state.nextId()}` });
    if (remove) {
      const runner = state.runners.get(Number(value('id')));
      if (runner?.scope === scope && !runner.jit) state.runners.delete(runner.id);
      state.changed();
      return lines('ok');
    }
    if (deprecated(value('version'))) return lines('error deprecated');
    const old = runnerByName(state, scope, value('name'));
    if (old !== undefined) {
      if (value('replace') !== 'true') return lines('error conflict');
      state.runners.delete(old.id);
    }
    const arch = value('arch') === 'aarch64' ? 'ARM64' : 'X64';
    const own = value('labels').split(',').filter(Boolean);
    const labels = value('no_default_labels') === 'true' ? own : ['self-hosted', 'Linux', arch, ...own];
    const ephemeral = value('ephemeral') === 'true';
    const { config } = register(state, {
      scope,
      name: value('name'),
      labels,
      ephemeral,
      jit: false,
      groupId: 1,
      version: value('version'),
      workFolder: value('work'),
    });
    return lines('ok', { config });
  };

  const known = (given: Map<string, string>): RegisteredRunner | undefined => {
    const runner = state.runners.get(Number(given.get('id')));
    return runner !== undefined && runner.secret === given.get('secret') ? runner : undefined;
  };

  const openSession = (call: Call): Answer => {
    const given = fields(call);
    const runner = known(given);
    if (runner === undefined) return lines('error deleted');
    if (deprecated(given.get('version') ?? '')) return lines('error deprecated');
    if (isOnline(state, runner)) {
      const { pauseSeconds, giveUpSeconds } = state.sessionConflict;
      return lines('error conflict', { pause: pauseSeconds, give_up: giveUpSeconds });
    }
    const session = { id: state.secret('session'), seenAt: state.now(), waiting: 0 };
    runner.session = session;
    runner.version = given.get('version') ?? '';
    state.changed();
    return lines('ok', { session: session.id });
  };

  const closeSession = (call: Call): Answer => {
    const given = fields(call);
    const runner = known(given);
    if (runner?.session?.id === given.get('session')) delete runner?.session;
    state.changed();
    return lines('ok');
  };

  /** Answers when `attempt` has something to say, or nothing has happened for a while; the runner is online meanwhile. */
  const poll = async (call: Call, runner: RegisteredRunner, attempt: () => Answer | undefined): Promise<Answer> => {
    const { session } = runner;
    if (session === undefined) return lines('error deleted');
    session.waiting += 1;
    try {
      return (await state.eventually(attempt, pollMs, call.signal)) ?? lines('ok');
    } finally {
      session.waiting -= 1;
      // Who hangs up while idle is gone at once, unless it comes back; a job's runner is missed after a minute.
      const gone = call.signal.aborted && session.waiting === 0 && jobs.of(runner) === undefined;
      session.seenAt = gone ? 0 : state.now();
      state.changed();
    }
  };

  const order = (job: Job, runner: RegisteredRunner) =>
    lines('job', { job: job.id, name: job.name.replaceAll('\n', ' '), runner: runner.name, result: job.result, ...{} })
      .text + job.steps.map((step) => `step=${stepLine(step)}\n`).join('');

  const message = (call: Call): Answer | Promise<Answer> => {
    const given = fields(call);
    const runner = known(given);
    if (runner === undefined || runner.session?.id !== given.get('session')) return lines('error deleted');
    return poll(call, runner, () => {
      if (!state.runners.has(runner.id)) return lines('error deleted');
      if (call.signal.aborted) return undefined;
      const job = jobs.take(runner);
      return job && { status: 200, text: order(job, runner) };
    });
  };

  const withJob =
    (answer: (job: Job, runner: RegisteredRunner, call: Call) => Answer | Promise<Answer>) => (call: Call) => {
      const given = fields(call);
      const runner = known(given);
      const job = jobs.find(Number(given.get('job')));
      if (runner === undefined || job?.runner?.id !== runner.id) return lines('completed');
      return answer(job, runner, call);
    };

  return [
    { method: 'POST', path: '/api/v3/actions/runner-registration', answer: registration },
    { method: 'POST', path: '/_services/runner/session', answer: openSession },
    { method: 'POST', path: '/_services/runner/session/delete', answer: closeSession },
    { method: 'POST', path: '/_services/runner/message', answer: message },
    {
      method: 'POST',
      path: '/_services/runner/job/start',
      answer: withJob((job, runner) => {
        jobs.start(job, runner);
        return lines('ok');
      }),
    },
    {
      method: 'POST',
      path: '/_services/runner/job/renew',
      answer: withJob((job, runner, call) =>
        poll(call, runner, () => {
          if (job.status === 'completed') return lines('completed');
          return job.cancelled ? lines('canceled') : undefined;
        }),
      ),
    },
    {
      method: 'POST',
      path: '/_services/runner/job/wait',
      answer: withJob((job, runner, call) => poll(call, runner, () => (job.released ? lines('released') : undefined))),
    },
    {
      method: 'POST',
      path: '/_services/runner/job/complete',
      answer: withJob((job, _runner, call) => {
        const result = fields(call).get('result') as JobResult;
        jobs.complete(job, result);
        return lines('ok');
      }),
    },
  ];
}
