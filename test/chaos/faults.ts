import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#test/journeys/http.ts';
import { image, type Listed, type Site } from './site.ts';

/** Something that goes wrong. */
export interface ChaosFault {
  readonly name: string;
  /** Lets it happen; resolves with what sets it right again. */
  readonly strike: (site: Site, random: () => number) => Promise<() => Promise<void>>;
  /** Whether what a container prints meanwhile may be lost, and no agent can tell. */
  readonly losesOutput?: boolean;
  /** Whether it may end a job. */
  readonly endsJobs?: boolean;
  /** Whether it is one of the wire: of those there is one at a time. */
  readonly wire?: boolean;
}

const nothing = async () => undefined;
const signalEngine = (site: Site, signal: string) => site.machine.run(`kill -${signal} $(pidof dockerd) || true`);

/** As an init does: on a full disk it takes more than one try. */
async function restartEngine({ machine }: Site): Promise<void> {
  const runs = async () => (await machine.run('pidof dockerd || true')) !== '';
  await until(
    'the engine to run again',
    async () => {
      if (!(await runs())) await machine.startEngine(10).catch(() => undefined);
      return (
        (await runs()) &&
        machine.engineAnswers(10).then(
          () => true,
          () => false,
        )
      );
    },
    90,
  );
}

/** Does something to a container of ours that is there, if any. */
const toAny =
  (act: (site: Site, container: Listed, random: () => number) => Promise<unknown>) =>
  async (site: Site, random: () => number) => {
    const number = random();
    const all = (await site.containers().catch(() => [])).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const victim = all[Math.floor(number * all.length)];
    // It may have gone meanwhile, or its engine.
    if (victim !== undefined) await act(site, victim, random).catch(() => undefined);
    return nothing;
  };

const signalContainer = (site: Site, { id }: Listed, signal: string) =>
  // What has ended meanwhile has the process id 0: to `kill`, the whole group of whoever asks.
  site.machine.run(
    `pid=$(docker inspect --format '{{.State.Pid}}' ${id}); [ "$pid" -gt 1 ] || exit 0; kill -${signal} "$pid"`,
  );

/** What happens on machines. */
export const chaosFaults: readonly ChaosFault[] = [
  {
    name: 'the engine dies',
    endsJobs: true,
    async strike(site) {
      await signalEngine(site, 'KILL');
      return () => restartEngine(site);
    },
  },
  {
    name: 'the engine freezes',
    async strike(site) {
      await signalEngine(site, 'STOP');
      return async () => void (await signalEngine(site, 'CONT'));
    },
  },
  {
    name: 'the agent dies',
    async strike(site) {
      await site.signalAgent('KILL');
      return nothing;
    },
  },
  {
    name: 'the agent freezes',
    async strike(site) {
      await site.signalAgent('STOP');
      return () => site.signalAgent('CONT');
    },
  },
  {
    name: 'a shim dies',
    endsJobs: true,
    async strike(site, random) {
      const pids = (await site.machine.run('pidof containerd-shim-runc-v2 || true')).split(' ').filter(Boolean);
      const pid = pids[Math.floor(random() * pids.length)];
      if (pid !== undefined) await site.machine.run(`kill -KILL ${pid} || true`);
      return nothing;
    },
  },
  {
    name: 'a container’s process dies',
    endsJobs: true,
    strike: toAny((site, container) => signalContainer(site, container, 'KILL')),
  },
  {
    name: 'a container freezes',
    async strike(site, random) {
      const frozen: Listed[] = [];
      await toAny(async (_, container) => {
        frozen.push(container);
        await signalContainer(site, container, 'STOP');
      })(site, random);
      return async () => {
        for (const one of frozen) await signalContainer(site, one, 'CONT').catch(() => undefined);
      };
    },
  },
  {
    name: 'the image goes',
    async strike(site) {
      await site.engine('DELETE', `/images/${image}`).catch(() => undefined);
      // On a full disk it takes more than one try.
      const tagged = () =>
        site.tagImage().then(
          () => true,
          () => false,
        );
      return () => until('the image to be there again', tagged, 30).then(() => undefined);
    },
  },
  {
    name: 'the disk is full',
    losesOutput: true,
    endsJobs: true,
    async strike(site) {
      await site.machine.run('dd if=/dev/zero of=/var/lib/docker/filler bs=1M 2>/dev/null || true');
      return async () => void (await site.machine.run('rm -f /var/lib/docker/filler'));
    },
  },
  {
    name: 'somebody removes a container',
    endsJobs: true,
    strike: toAny((site, { id }) => site.engine('DELETE', `/containers/${id}?force=true`)),
  },
  {
    name: 'somebody stops a container',
    endsJobs: true,
    strike: toAny((site, { id }) => site.engine('POST', `/containers/${id}/stop?t=1`)),
  },
  {
    name: 'somebody kills a container',
    endsJobs: true,
    strike: toAny((site, { id }) => site.engine('POST', `/containers/${id}/kill`)),
  },
  {
    name: 'the control plane is away',
    wire: true,
    async strike(site) {
      site.wire.become('cut');
      return async () => site.wire.become('whole');
    },
  },
  {
    name: 'answers are lost',
    wire: true,
    async strike(site) {
      site.wire.become('deaf');
      return async () => site.wire.become('whole');
    },
  },
  {
    name: 'the cable is out',
    wire: true,
    async strike(site) {
      await site.machine.cut();
      return async () => void (await site.machine.mend());
    },
  },
];

/** A fault, when it strikes after the beginning of its round, and how long it lasts. */
export interface Strike {
  readonly fault: ChaosFault;
  readonly afterMs: number;
  readonly forMs: number;
}

/** Lets it strike, and sets it right. */
export async function suffer(site: Site, { fault, afterMs, forMs }: Strike, random: () => number): Promise<void> {
  await sleep(afterMs);
  const heal = await fault.strike(site, random);
  await sleep(forMs);
  await heal();
}
