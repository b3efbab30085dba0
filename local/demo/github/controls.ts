import type { Answer, Call, Route } from './http.ts';
import type { JobOrder, Jobs } from './jobs.ts';
import type { State } from './state.ts';

// For a person with curl, or a test in another process. Only from this machine itself: a job may run any command, and
// containers reach the same port.

const here =
  (answer: Route['answer']): Route['answer'] =>
  (call, params) =>
    call.fromHere ? answer(call, params) : { status: 403, text: 'Only for this machine itself.\n' };

const order = (call: Call): JobOrder | string => {
  try {
    const given: Partial<JobOrder> = JSON.parse(call.body);
    if (typeof given.repository !== 'string' || typeof given.name !== 'string') throw new Error('incomplete');
    return { ...given, repository: given.repository, name: given.name };
  } catch {
    return 'Send a job: {"repository": "owner/name", "name": "build", "labels": ["self-hosted"], "steps": [{"run": "echo hello"}]}\n';
  }
};

/** Jobs by HTTP: `POST` and `GET /_stand-in/jobs`, `POST /_stand-in/jobs/{id}/release` and `…/cancel`, `GET /_stand-in/runners`. */
export function controlRoutes(state: State, jobs: Jobs): Route[] {
  const change = (act: (id: number) => void) =>
    here((_, params): Answer => {
      const id = Number(params.id);
      if (jobs.find(id) === undefined) return { status: 404, text: `There is no job ${params.id}.\n` };
      act(id);
      return { status: 200, json: jobs.find(id) };
    });
  return [
    {
      method: 'POST',
      path: '/_stand-in/jobs',
      answer: here((call) => {
        const wanted = order(call);
        return typeof wanted === 'string' ? { status: 400, text: wanted } : { status: 201, json: jobs.queue(wanted) };
      }),
    },
    { method: 'GET', path: '/_stand-in/jobs', answer: here(() => ({ status: 200, json: jobs.list() })) },
    { method: 'POST', path: '/_stand-in/jobs/:id/release', answer: change(jobs.release) },
    { method: 'POST', path: '/_stand-in/jobs/:id/cancel', answer: change(jobs.cancel) },
    {
      method: 'GET',
      path: '/_stand-in/runners',
      answer: here(() => ({ status: 200, json: [...state.runners.values()].map(({ secret: _, ...shown }) => shown) })),
    },
  ];
}
