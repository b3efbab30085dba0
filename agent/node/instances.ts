import type { Control, SyncReply } from '../control/client.ts';
import { createLogins } from '../control/logins.ts';
import type { AgentState, NodeRecord } from '../state.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { pullAhead } from './ahead.ts';
import { createBeats } from './beats.ts';
import type { Capacity } from './figures.ts';
import type { Note } from './following.ts';
import { createInstance, type Instance } from './instance.ts';
import { label } from './labels.ts';
import type { Machine } from './machine.ts';
import type { Observations } from './observations.ts';
import { createUnlisted } from './unlisted.ts';
import type { Wake } from './wake.ts';

const plainUid = /^[0-9A-Za-z-]{1,64}$/;
const surveyMs = 3000;

/** All instances of a node: those that are told, and those that the engine has. */
export function createInstances(options: {
  readonly record: NodeRecord;
  readonly machine: Machine;
  readonly state: AgentState;
  readonly control: Control;
  readonly observations: Observations;
  readonly wake: Wake;
  readonly logBytesPerSecond: number;
  readonly pullsAhead: boolean;
  readonly capacity: () => (Capacity & { readonly DockerRootDir: string }) | undefined;
  readonly warn: (what: string) => void;
  readonly signal: AbortSignal;
}) {
  const { record, machine, state, control, observations, wake, warn, signal } = options;
  const { engine } = machine;
  const owner = { deployment: record.deployment, organization: record.organization, node: record.uid };
  const judge = createUnlisted();
  const instances = new Map<string, Instance>();
  let reply: SyncReply | undefined;

  const telemetry = createTelemetry({
    async readCredentials() {
      const answer = await control.credentials(signal);
      if (answer.ok) return answer.reply;
      throw new Error(`The control plane gives no credentials for logs: ${answer.refusal.detail}`);
    },
    logBytesPerSecond: options.logBytesPerSecond,
    signal,
    warn,
  });

  const login = createLogins(control, ({ password }) => telemetry.maskEverywhere(password));

  if (options.pullsAhead) {
    const { images, docker } = machine;
    pullAhead({ control, images, daemonImage: docker.image, owner, login, signal, warn });
  }

  const beats = createBeats({
    engine,
    capacity: options.capacity,
    running: () => [...instances.values()].flatMap((instance) => instance.figures() ?? []),
    tell: (samples) => telemetry.beat(record.uid, samples),
  });

  const instanceOf = (uid: string): Instance => {
    const there = instances.get(uid);
    if (there !== undefined) return there;
    const note: Note = (seen, how = 'if new') => {
      const news = observations.note(uid, seen, how !== 'if new');
      if (news && how !== 'again, without haste') wake.change();
      beats.wake();
    };
    const made = createInstance({
      uid,
      machine,
      owner,
      control,
      login,
      state,
      telemetry,
      release: () => reply?.runner ?? null,
      note,
      onListening: beats.now,
      warn,
    });
    instances.set(uid, made);
    return made;
  };

  const list = async (): Promise<string[]> => {
    const containers = await engine.listContainers([`${label.node}=${record.uid}`, label.instance]);
    return containers.flatMap(({ Labels }) => Labels?.[label.instance] ?? []).filter((uid) => plainUid.test(uid));
  };

  /** Those that have a network or a volume, with a container or without: a killed engine may bring back what it had removed. */
  const listThings = async (): Promise<string[]> => {
    const [networks, volumes] = await Promise.all([
      engine.listNetworks(),
      engine.listVolumes([`${label.node}=${record.uid}`, label.instance]),
    ]);
    const ours = [...networks, ...volumes].filter(({ Labels }) => Labels?.[label.node] === record.uid);
    return ours.flatMap(({ Labels }) => Labels?.[label.instance] ?? []).filter((uid) => plainUid.test(uid));
  };

  const forget = (uid: string) => {
    instances.get(uid)?.close();
    instances.delete(uid);
    observations.forget(uid);
    telemetry.forget(uid);
    state.removeInstance(uid);
  };

  return {
    /** Something happened to a container. */
    poke(uid: string): void {
      if (plainUid.test(uid)) instanceOf(uid).poke();
    },

    /** Looks at everything that the engine has of this node. After that its containers are known, and reported. */
    async survey(): Promise<void> {
      const all = new Set([...(await list()), ...instances.keys()]);
      const looked = Promise.all([...all].map((uid) => instanceOf(uid).looked()));
      // One that has ended may have much to say before why is known. That is told by a later sync.
      await Promise.race([looked, wake.sleep(surveyMs, signal)]);
    },

    /** Sets to work what is told. */
    tell(next: SyncReply): ReadonlySet<string> {
      reply = next;
      telemetry.configure(next.telemetry);
      beats.every(next.beat_seconds);
      const desired = next.desired.filter(({ uid }) => plainUid.test(uid));
      for (const wanted of desired) instanceOf(wanted.uid).tell(wanted);
      return new Set(desired.map(({ uid }) => uid));
    },

    /** Removes what has not been listed for too long. The answer is when to look again, in milliseconds; or never. */
    async reap(listed: ReadonlySet<string>, { reap, reap_seconds }: SyncReply): Promise<number> {
      const [there, things] = await Promise.all([list(), listThings()]);
      const all = new Set([...there, ...things]);
      const { due, againInMs } = judge([...all], listed, reap, reap_seconds * 1000, Date.now());
      for (const uid of due) {
        warn(`rp-${uid} is not listed any more: it is removed.`);
        instanceOf(uid).tell({ want: 'unlisted' });
      }
      const pending = new Set(observations.list().map(({ uid }) => uid));
      for (const [uid, instance] of instances) {
        // An engine that was killed may have lost a container, and never says so.
        if (listed.has(uid) && !there.includes(uid) && instance.phase() !== undefined) instance.poke();
        if (listed.has(uid) || all.has(uid)) continue;
        if (pending.has(uid) || !instance.isIdle()) instance.unlist();
        else forget(uid);
      }
      return againInMs ?? Number.POSITIVE_INFINITY;
    },

    /** Removes all of them; resolves when nothing is left. */
    async retire(): Promise<void> {
      const left = async () => [...(await list()), ...(await listThings())];
      for (const uid of await left()) instanceOf(uid).tell({ want: 'unlisted' });
      while (!signal.aborted && (await left()).length > 0) await wake.sleep(1000, signal);
    },

    isIdle: (): boolean => [...instances.values()].every((instance) => instance.isIdle()),

    status: () => [...instances].map(([uid, instance]) => ({ uid, phase: instance.phase()?.phase ?? null })),

    /** Ends the work, and leaves the containers as they are. */
    async close(): Promise<void> {
      await telemetry.drained(2000);
      for (const instance of instances.values()) instance.close();
      beats.close();
    },
  };
}
