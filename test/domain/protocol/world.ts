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
  /** The runner has a registration of its own: after a reboot its container is started again. */
  readonly persistent: boolean;
  /** How often the node loses power. */
  readonly reboots: number;
  /** The container remembers in which boot it ran, and does not run in it again. */
  readonly boot: boolean;
  /** An accepted reboot is another intent: what was reported before it does not count any more. */
  readonly anotherIntent: boolean;
  /** How often the agent loses its memory. */
  readonly losses: number;
  /** It begins with a runner that listens: what may come before is another search's. */
  readonly fromRunning: boolean;
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
  persistent: false,
  reboots: 1,
  boot: true,
  anotherIntent: true,
  losses: 0,
  fromRunning: false,
};

type Container = 'none' | 'created' | 'running' | 'exited';

/** An agent's worker: each acts on what it was told, perhaps long ago; `id` is the engine's id of the container it saw. */
interface Worker {
  readonly at: 'inspect' | 'claim' | 'create' | 'start' | 'report';
  readonly want: 'run' | 'gone';
  /** It was told to start again what has run. */
  readonly again?: boolean;
  readonly started?: boolean;
  readonly generation: number;
  readonly id?: number;
}

/** Everything: the row, the container, the workers, calls of dead agents that have not landed yet, reports under way. */
export interface State {
  readonly row: Projection | null;
  readonly container: Container;
  readonly id: number;
  readonly starts: number;
  /** The boot that it is, in which the container was made, and in which it ran last; how often it ran in this one. */
  readonly boot: number;
  readonly madeIn: number;
  readonly ranIn: number;
  readonly runs: number;
  /** In which boot the agent has seen it run, if it remembers. */
  readonly seenIn: number | null;
  readonly losses: number;
  readonly workers: readonly (Worker | null)[];
  readonly late: readonly string[];
  readonly reports: readonly string[];
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
  if (!s.row) {
    const row = { ...requested, ephemeral: !rules.persistent };
    return [['customer creates', { ...s, row: project(rowOf(row)) }]];
  }
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

const requested = { want: 'run', generation: 1, state: 'requested', busy: false, restart: false } as const;

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
    const [told = 0, container = 'none', restartable = false] = JSON.parse(report) as [number, Container, boolean?];
    const lost: Step<State> = [`report ${report} is lost`, { ...s, reports: without(s.reports, report) }];
    if (!s.row) return [lost];
    const { want, generation } = s.row;
    const row = rules.fence ? rowOf(s.row) : unfenced(s.row, told);
    const arrive = reported[container].flatMap((state) =>
      [500, 1500].map((seq): Step<State> => {
        const job = state === 'busy' ? { job: 'build' } : {};
        const next = accept(row, { generation: told, seq, state, at: now, restartable, ...job }, at);
        // Nobody but the customer and the sweep says what is wanted.
        const kept = rules.fence ? project(next) : { ...project(next), want, generation };
        if (!rules.anotherIntent && next.want === 'run') Object.assign(kept, { generation });
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

/** May it be started again? It has run, and not in this boot, as far as the agent remembers, or knows from a label. */
const isDue = ({ seenIn, madeIn, boot }: State) => (seenIn ?? madeIn) !== boot;

function start(s: State, id: number | undefined, rules: Rules): State {
  if (rules.startById && id !== s.id) return s;
  const here = rules.persistent ? { ranIn: s.boot, runs: s.runs + 1 } : {};
  const runs = { ...s, ...here, container: 'running' } as const;
  if (s.container === 'created' || (s.container === 'exited' && !rules.startOnlyCreated)) {
    return { ...runs, starts: s.starts + 1 };
  }
  // An engine starts whatever has exited. But what is ephemeral finds no credential any more, and ends at once.
  if (s.container !== 'exited' || !rules.persistent || (rules.boot && s.ranIn === s.boot)) return s;
  return runs;
}

const create = (s: State): State =>
  s.container === 'none' ? { ...s, container: 'created', id: s.id + 1, madeIn: s.boot } : s;

function claims(
  s: State,
  worker: Worker,
  rules: Rules,
  set: (w: Worker | null, more?: Partial<State>) => State,
): Step<State>[] {
  if (!s.row) return [];
  const row = rowOf(s.row);
  const verdict = claim(row, { generation: worker.generation, boot_id: `${s.boot}`, id: 'c' }, now);
  if ('refused' in verdict) {
    // It has started, and its container is not there: that is news.
    const news = verdict.refused === 'claim.started';
    return [[`claim is refused: ${verdict.refused}`, set(news ? { ...worker, at: 'report' } : null)]];
  }
  const kept = rules.anotherIntent ? {} : { generation: s.row.generation };
  const claimed = { ...project(verdict.granted), ...kept };
  const why = { code: 'github', detail: '' };
  const waits = project(githubUnavailable(verdict.granted, at, why));
  const refused = project(githubRefused(verdict.granted, at, why));
  const asked: Step<State>[] = [
    ['agent claims, GitHub is unavailable', set(null, { row: waits })],
    ['agent claims, GitHub refuses', set(null, { row: refused })],
  ];
  return [
    ['agent claims', set({ ...worker, at: worker.again ? 'start' : 'create' }, { row: claimed })],
    ['agent claims, the answer is lost', set(null, { row: claimed })],
    ...(worker.again ? [] : asked),
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
      const { want, generation, restart: again = false } = placement;
      return [[`agent ${index} is told ${want}`, set({ at: 'inspect', want, generation, ...(again && { again }) })]];
    }
    if (!s.row || s.container === 'none') return [];
    return [[`agent ${index} finds what is not listed`, set({ at: 'inspect', want: 'gone', generation: 0 })]];
  }
  const steps: Step<State>[] = [[`agent ${index} dies`, set(null)]];
  if (worker.at === 'inspect' && worker.want === 'gone') {
    steps.push([`agent ${index} removes`, set({ ...worker, at: 'report' }, { container: 'none' })]);
  } else if (worker.at === 'inspect' && worker.again) {
    // What is there may have been made by a late call, after somebody removed what had run: it is of no use.
    const useless = s.container === 'created';
    const container = useless ? 'none' : s.container;
    const next = container === 'exited' && isDue(s) ? 'claim' : 'report';
    steps.push([`agent ${index} inspects, to start it again`, set({ ...worker, id: s.id, at: next }, { container })]);
  } else if (worker.at === 'inspect') {
    const next = ran(s.container, rules) ? 'report' : 'claim';
    steps.push([`agent ${index} inspects`, set({ ...worker, id: s.id, at: next })]);
  } else if (worker.at === 'claim') {
    steps.push(...claims(s, worker, rules, set));
  } else if (worker.at === 'create') {
    const { container, id } = create(s);
    steps.push([`agent ${index} creates`, set({ ...worker, id, at: 'start' }, { container, id })]);
    steps.push([`agent ${index} dies while creating`, set(null, { late: add(s.late, 'create') })]);
  } else if (worker.at === 'start') {
    const { container, starts, ranIn, runs } = start(s, worker.id, rules);
    // That it has run in this boot is remembered from when the engine has answered on.
    const started = { ...worker, at: 'report', started: true } as const;
    steps.push([`agent ${index} starts`, set(started, { container, starts, ranIn, runs })]);
    steps.push([`agent ${index} dies while starting`, set(null, { late: add(s.late, `start ${worker.id}`) })]);
  } else {
    const seenIn = s.container === 'running' || worker.started ? s.boot : s.seenIn;
    const restartable = rules.persistent && s.container === 'exited' && isDue({ ...s, seenIn });
    const told = [worker.generation, s.container, ...(restartable ? [true] : [])];
    const reports = worker.generation === 0 ? s.reports : add(s.reports, JSON.stringify(told));
    steps.push([`agent ${index} reports ${s.container}`, set(null, { reports, ...(rules.persistent && { seenIn }) })]);
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
  if (s.boot < rules.reboots) {
    const workers = s.workers.map(() => null);
    steps.push(['power is lost', { ...s, boot: s.boot + 1, runs: 0, workers, late: [], container: stopped }]);
  }
  if (s.losses > 0 && s.seenIn !== null) {
    steps.push(['the agent loses its memory', { ...s, losses: s.losses - 1, seenIn: null }]);
  }
  const known = s.row?.state === 'started' || s.row?.state === 'running';
  if (s.operator && s.container !== 'none' && (rules.operator === 'any time' || known)) {
    steps.push(['an operator removes the container', { ...s, operator: false, container: 'none' }]);
  }
  return steps;
}

function broken({ row, container, starts, runs }: State, accepted: string): string | undefined {
  const isRunning = container === 'running';
  if (starts > 1) return 'started twice';
  if (runs > 1) return 'ran twice in one boot';
  if (!row) return undefined;
  if (isFinal(row) && isRunning && accepted !== 'final, and yet it runs') return 'final, and yet it runs';
  if (row.state === 'ended' && isRunning) return 'called ended while it runs';
  if (row.want === 'gone' && !['failing', 'deleting'].includes(row.state) && !isFinal(row)) return 'came back';
  return undefined;
}

const running = (ephemeral: boolean) =>
  ({
    row: project(rowOf({ ...requested, state: 'running', ephemeral })),
    container: 'running',
    id: 1,
    starts: 1,
    runs: 1,
    seenIn: 0,
  }) as const;

/** The world of one instance under these rules; `accepted` is a hole that is known and accepted. */
export function world(change: Partial<Rules> = {}, accepted = ''): World<State> {
  const rules = { ...product, ...change };
  return {
    first: {
      row: null,
      container: 'none',
      id: 0,
      starts: 0,
      boot: 0,
      madeIn: 0,
      ranIn: 0,
      runs: 0,
      seenIn: null,
      losses: rules.losses,
      workers: rules.oneAgent ? [null] : [null, null],
      late: [],
      reports: [],
      operator: rules.operator !== 'never',
      ...(rules.fromRunning && running(!rules.persistent)),
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
