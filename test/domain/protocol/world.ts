import { type At, accept } from '#domain/instance/accept.ts';
import { abandon } from '#domain/instance/change.ts';
import { claim, githubRefused, githubUnavailable } from '#domain/instance/claim.ts';
import { decide } from '#domain/instance/decide.ts';
import { remove } from '#domain/instance/remove.ts';
import { type Instance, isFinal, placementOf, type Report } from '#domain/instance.ts';
import type { Step, World } from './explore.ts';
import { now, type Projection, project, rowOf } from './row.ts';

/** What the protocol relies on; a variation takes one of these away. */
export interface Rules {
  /** Reports count only for the intent that they act on; otherwise whatever is wanted meanwhile. */
  readonly fence: boolean;
  /** A deletion finishes when the node has confirmed it. */
  readonly confirmedRemoval: boolean;
  /** Containers stay when they have exited. */
  readonly keepContainer: boolean;
  readonly startOnlyCreated: boolean;
  readonly startById: boolean;
  readonly oneAgent: boolean;
  /** When somebody removes a container by hand, once. */
  readonly operator: 'never' | 'while it runs' | 'any time';
  /** The customer deletes by force on a node that is unreachable. */
  readonly force: boolean;
}

/** The rules of the product. */
export const product: Rules = {
  fence: true,
  confirmedRemoval: true,
  keepContainer: true,
  startOnlyCreated: true,
  startById: true,
  oneAgent: true,
  operator: 'never',
  force: false,
};

type Container = 'none' | 'created' | 'running' | 'exited';

/** An agent's worker: each acts on what it was told, perhaps long ago; `id` is the engine's id of the container it saw. */
interface Worker {
  readonly at: 'inspect' | 'claim' | 'create' | 'start' | 'report';
  readonly want: 'run' | 'gone';
  readonly generation: number;
  readonly id?: number;
}

/** Everything: the row, the container, the workers, calls of dead agents that have not landed yet, reports under way. */
export interface State {
  readonly row: Projection | null;
  readonly container: Container;
  readonly id: number;
  readonly starts: number;
  readonly workers: readonly (Worker | null)[];
  readonly late: readonly string[];
  readonly reports: readonly string[];
  readonly power: boolean;
  readonly operator: boolean;
}

const at: At = { now, random: () => 0.5 };
const roster = { seen_at: now, poll_seconds: 60 };
const add = (list: readonly string[], item: string) => (list.includes(item) ? list : [...list, item].sort());
const without = (list: readonly string[], item: string) => list.filter((one) => one !== item);

/** The states that a node may truly or falsely report of what it sees there. */
const reported: Record<Container, readonly Report['state'][]> = {
  none: ['gone'],
  created: ['created', 'pulling'],
  running: ['running', 'listening', 'busy'],
  exited: ['exited'],
};

function customer(s: State, rules: Rules): Step<State>[] {
  if (!s.row) return [['customer creates', { ...s, row: project(rowOf(requested)) }]];
  if (s.row.state === 'deleted') return [];
  const row = rowOf(s.row);
  const steps: Step<State>[] = [];
  const removal = (label: string, force: boolean, connection: 'online' | 'unreachable') => {
    const verdict = remove(row, { force, connection }, now);
    if ('busy' in verdict) return;
    const next = rules.confirmedRemoval ? verdict.row : abandon(verdict.row, now);
    steps.push([label, { ...s, row: project(next) }]);
  };
  if (row.want === 'run' || row.state === 'failing' || isFinal(row)) removal('customer deletes', false, 'online');
  if (row.want === 'run') removal('customer deletes, a job or not', true, 'online');
  if (rules.force) removal('customer deletes by force', true, 'unreachable');
  return steps;
}

const requested: Projection = { want: 'run', generation: 1, state: 'requested', busy: false };

/** The sweep: a claim's deadline needs a sync that told of no start, so it never gives up what runs. */
function sweep(s: State): Step<State>[] {
  if (!s.row || isFinal(s.row) || (['claimed', 'started'].includes(s.row.state) && s.container === 'running'))
    return [];
  const known = s.row;
  return [0, 5].map((attempts) => {
    const { row } = decide(rowOf(known, attempts), roster, at);
    return [`sweep decides after ${attempts} attempts: ${row.state}`, { ...s, row: project(row) }];
  });
}

/** A row that has forgotten what is wanted of it. */
const unfenced = (row: Projection, generation: number): Instance =>
  rowOf({ ...row, generation, ...(row.state === 'deleting' ? { want: 'run', state: 'claimed' } : {}) });

/** A report arrives: in any order, and with any of the things that the node may have said of what it saw. */
function arrivals(s: State, rules: Rules): Step<State>[] {
  return s.reports.flatMap((report) => {
    const [told = 0, container = 'none'] = JSON.parse(report) as [number, Container];
    const lost: Step<State> = [`report ${report} is lost`, { ...s, reports: without(s.reports, report) }];
    if (!s.row) return [lost];
    const { want, generation } = s.row;
    const row = rules.fence ? rowOf(s.row) : unfenced(s.row, told);
    const arrive = reported[container].flatMap((state) =>
      [500, 1500].map((seq): Step<State> => {
        const next = accept(
          row,
          { generation: told, seq, state, at: now, ...(state === 'busy' ? { job: 'build' } : {}) },
          at,
        );
        // Nobody but the customer and the sweep says what is wanted.
        const kept = rules.fence ? project(next) : { ...project(next), want, generation };
        return [`report ${report} arrives as ${state} ${seq}`, { ...s, row: kept }];
      }),
    );
    return [lost, ...arrive];
  });
}

/** A refusal arrives that the node has sent at any time before. */
function refusals(s: State): Step<State>[] {
  if (s.row?.want !== 'run') return [];
  const row = rowOf(s.row);
  return [true, false].map((retryable) => {
    const next = accept(row, { generation: row.generation, seq: 1500, state: 'refused', at: now, retryable }, at);
    return [`a ${retryable ? 'passing' : 'final'} refusal arrives`, { ...s, row: project(next) }];
  });
}

const ran = (container: Container, rules: Rules) =>
  container === 'running' || (container === 'exited' && rules.startOnlyCreated);

function start(s: State, id: number | undefined, rules: Rules): State {
  if (rules.startById && id !== s.id) return s;
  const starts = s.container === 'created' || (s.container === 'exited' && !rules.startOnlyCreated);
  return starts ? { ...s, container: 'running', starts: s.starts + 1 } : s;
}

const create = (s: State): State => (s.container === 'none' ? { ...s, container: 'created', id: s.id + 1 } : s);

function claims(s: State, worker: Worker, set: (w: Worker | null, more?: Partial<State>) => State): Step<State>[] {
  if (!s.row) return [];
  const row = rowOf(s.row);
  const verdict = claim(row, { generation: worker.generation, boot_id: 'b', id: 'c' }, now);
  if ('refused' in verdict) {
    // It has started, and its container is not there: that is news.
    const news = verdict.refused === 'claim.started';
    return [[`claim is refused: ${verdict.refused}`, set(news ? { ...worker, at: 'report' } : null)]];
  }
  const claimed = project(verdict.granted);
  const why = { code: 'github', detail: '' };
  const waits = project(githubUnavailable(verdict.granted, at, why));
  const refused = project(githubRefused(verdict.granted, at, why));
  return [
    ['agent claims', set({ ...worker, at: 'create' }, { row: claimed })],
    ['agent claims, the answer is lost', set(null, { row: claimed })],
    ['agent claims, GitHub is unavailable', set(null, { row: waits })],
    ['agent claims, GitHub refuses', set(null, { row: refused })],
  ];
}

function agent(s: State, index: number, rules: Rules): Step<State>[] {
  const worker = s.workers[index] ?? null;
  const set = (w: Worker | null, more: Partial<State> = {}): State => ({
    ...s,
    ...more,
    workers: s.workers.map((one, i) => (i === index ? w : one)),
  });
  if (!worker) {
    const placement = s.row && placementOf(rowOf(s.row) as Instance);
    if (placement) {
      const { want, generation } = placement;
      return [[`agent ${index} is told ${want}`, set({ at: 'inspect', want, generation })]];
    }
    if (!s.row || s.container === 'none') return [];
    return [[`agent ${index} finds what is not listed`, set({ at: 'inspect', want: 'gone', generation: 0 })]];
  }
  const steps: Step<State>[] = [[`agent ${index} dies`, set(null)]];
  if (worker.at === 'inspect' && worker.want === 'gone') {
    steps.push([`agent ${index} removes`, set({ ...worker, at: 'report' }, { container: 'none' })]);
  } else if (worker.at === 'inspect') {
    const next = ran(s.container, rules) ? 'report' : 'claim';
    steps.push([`agent ${index} inspects`, set({ ...worker, id: s.id, at: next })]);
  } else if (worker.at === 'claim') {
    steps.push(...claims(s, worker, set));
  } else if (worker.at === 'create') {
    const { container, id } = create(s);
    steps.push([`agent ${index} creates`, set({ ...worker, id, at: 'start' }, { container, id })]);
    steps.push([`agent ${index} dies while creating`, set(null, { late: add(s.late, 'create') })]);
  } else if (worker.at === 'start') {
    const { container, starts } = start(s, worker.id, rules);
    steps.push([`agent ${index} starts`, set({ ...worker, at: 'report' }, { container, starts })]);
    steps.push([`agent ${index} dies while starting`, set(null, { late: add(s.late, `start ${worker.id}`) })]);
  } else {
    const reports =
      worker.generation === 0 ? s.reports : add(s.reports, JSON.stringify([worker.generation, s.container]));
    steps.push([`agent ${index} reports ${s.container}`, set(null, { reports })]);
  }
  return steps;
}

/** A call that an agent had made to the engine before it died lands after all. */
function lateCalls(s: State, rules: Rules): Step<State>[] {
  return s.late.map((call) => {
    const landed = { ...s, late: without(s.late, call) };
    const id = Number(call.split(' ')[1]);
    return [`late ${call} lands`, call === 'create' ? create(landed) : start(landed, id, rules)];
  });
}

function machine(s: State, rules: Rules): Step<State>[] {
  const steps: Step<State>[] = [];
  const gone: Container = rules.keepContainer ? 'exited' : 'none';
  const stopped = s.container === 'running' ? gone : s.container;
  if (s.container === 'running') steps.push(['the runner exits', { ...s, container: gone }]);
  if (s.power) {
    const workers = s.workers.map(() => null);
    steps.push(['power is lost', { ...s, power: false, workers, late: [], container: stopped }]);
  }
  const known = s.row?.state === 'started' || s.row?.state === 'running';
  if (s.operator && s.container !== 'none' && (rules.operator === 'any time' || known)) {
    steps.push(['an operator removes the container', { ...s, operator: false, container: 'none' }]);
  }
  return steps;
}

function broken({ row, container, starts }: State, accepted: string): string | undefined {
  const runs = container === 'running';
  if (starts > 1) return 'started twice';
  if (!row) return undefined;
  if (isFinal(row) && runs && accepted !== 'final, and yet it runs') return 'final, and yet it runs';
  if (row.state === 'ended' && runs) return 'called ended while it runs';
  if (row.want === 'gone' && !['failing', 'deleting'].includes(row.state) && !isFinal(row)) return 'came back';
  return undefined;
}

/** The world of one instance under these rules; `accepted` is a hole that is known and accepted. */
export function world(change: Partial<Rules> = {}, accepted = ''): World<State> {
  const rules = { ...product, ...change };
  return {
    first: {
      row: null,
      container: 'none',
      id: 0,
      starts: 0,
      workers: rules.oneAgent ? [null] : [null, null],
      late: [],
      reports: [],
      power: true,
      operator: rules.operator !== 'never',
    },
    next: (s) => [
      ...customer(s, rules),
      ...sweep(s),
      ...s.workers.flatMap((_, index) => agent(s, index, rules)),
      ...lateCalls(s, rules),
      ...machine(s, rules),
      ...arrivals(s, rules),
      ...refusals(s),
    ],
    broken: (s) => broken(s, accepted),
    goals: {
      'can be ended': {
        matters: () => true,
        reached: (s) => s.row?.state === 'deleted' && s.container === 'none' && s.late.length === 0,
      },
      'can run while it is wanted': {
        matters: (s) => !s.row || (s.row.want === 'run' && !isFinal(s.row)),
        reached: (s) => s.row?.want === 'run' && ['started', 'running', 'ended', 'stopped'].includes(s.row.state),
      },
    },
  };
}
