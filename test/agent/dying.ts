import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { runnerImage } from '#local/demo/images.ts';
import { expectNoStrays } from './aftermath.ts';
import { type AgentCall, startControlProxy, startEngineProxy, type Verdict } from './call-proxy.ts';
import type { Control } from './control.ts';
import { eventually, makeMachine } from './machine.ts';

/** What an agent is about. */
type Phase = 'starting' | 'reporting the start' | 'watching' | 'removing';

/** When an agent dies: the first time that it makes such a call. */
export interface Moment {
  /** What it is about, and the call as `nameOf` tells it: `starting: engine POST /containers/create`. */
  readonly call: string;
  readonly when: AgentCall['when'];
}

/** What has become of an instance whose agent has died once. */
export interface Life {
  /** The calls that were made, each kind once, in the order of their first. */
  readonly calls: readonly string[];
  readonly died: boolean;
  readonly containers: number;
  readonly started: number;
  readonly left: number;
}

/** Calls of a kind: `engine POST /containers/create`, `control POST /agent/sync`, `control PutLogEvents`. */
export function nameOf(to: 'engine' | 'control', { method, path, target }: AgentCall): string {
  if (target !== undefined) return `${to} ${target.split('.').at(-1)}`;
  const kind = path
    .replace(/^\/v1\.\d+/, '')
    .replace(/\?.*/, '')
    .replace(/[0-9a-f]{64}|(?:rp-)?[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')
    .replace(/^\/images\/.+\/json$/, '/images/{id}/json')
    .replace(/^\/networks\/(?!create).+$/, '/networks/{id}');
  return `${to} ${method} ${kind}${path.includes('name=rp-probe-') ? ' for a probe' : ''}`;
}

/** Lets an instance start, listen and go, by an agent that dies at a moment and is started again. */
export async function liveThrough(
  control: Control,
  starts: ReadonlyMap<string, number>,
  moment?: Moment,
): Promise<Life> {
  const node = `test-node-${randomUUID().slice(0, 8)}`;
  const uid = randomUUID();
  const calls = new Set<string>();
  let phase: Phase | undefined;
  const begunIn = new Map<string, Phase>();
  let died = false;
  let killed: Promise<void> | undefined;
  const judge =
    (to: 'engine' | 'control') =>
    async (made: AgentCall): Promise<Verdict> => {
      if (phase === undefined) return 'go on';
      const call = `${to} ${made.method} ${made.path}`;
      if (made.when === 'before') {
        if (phase === 'starting' && starts.has(uid)) phase = 'reporting the start';
        begunIn.set(call, phase);
      }
      // A start is answered when what it has started may have said so already: it is still that of a start.
      const name = `${begunIn.get(call) ?? phase}: ${nameOf(to, made)}`;
      calls.add(name);
      if (killed || name !== moment?.call || made.when !== moment.when) return 'go on';
      killed = machine.kill();
      await killed;
      died = true;
      // What was sent before the death arrives all the same, after it.
      return 'go on';
    };
  await using stack = new AsyncDisposableStack();
  const front = stack.use(await startControlProxy(control.url, judge('control')));
  const machine = stack.use(makeMachine(front.url));
  const proxy = stack.use(await startEngineProxy(join(machine.folder, 'engine.sock'), judge('engine')));
  control.settings.logsUrl = front.url;
  await machine.enroll(node, control.code(node));
  machine.start({ DOCKER_HOST: proxy.dockerHost });
  await eventually('the agent is there', () => control.syncs.some((one) => one.node === node));
  const row = control.create(node, uid, runnerImage);
  phase = 'starting';

  /** Waits for something; an agent that has died is started again meanwhile. */
  const lives = (what: string, isSo: () => boolean) =>
    eventually(
      what,
      async () => {
        if (died && machine.pid() === undefined) machine.start({ DOCKER_HOST: proxy.dockerHost });
        return isSo();
      },
      45,
    );
  await lives('the runner listens', () => row.reports.some(({ state }) => state === 'listening'));
  phase = 'watching';
  if (moment === undefined || moment.call.startsWith(phase)) {
    const quiet = control.syncs.length + 3;
    await lives('some time has passed', () => control.syncs.length >= quiet);
  }
  const containers = (await machine.containers()).length;
  control.remove(uid);
  phase = 'removing';
  await lives('it is gone', () => row.gone);
  const after = control.syncs.length + 3;
  await lives('some time has passed', () => control.syncs.length >= after);
  await expectNoStrays(machine, control);
  return {
    calls: [...calls],
    died,
    containers,
    started: starts.get(uid) ?? 0,
    left: (await machine.containers()).length,
  };
}
