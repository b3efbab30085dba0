import { isDeepStrictEqual } from 'node:util';
import type { NodeFacts } from '#domain/node.ts';
import { backoffMs } from '../backoff.ts';
import { createControl, type SyncReply } from '../control/client.ts';
import type { Refusal } from '../control/refusal.ts';
import type { Health } from '../health.ts';
import type { AgentState, NodeRecord } from '../state.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { agentVersion } from '../version.ts';
import { createBeats } from './beats.ts';
import type { Capacity } from './figures.ts';
import { createInstance, type Instance } from './instance.ts';
import { label } from './labels.ts';
import { createObservations, type Seen } from './observations.ts';
import type { Machine } from './start.ts';
import { createUnlisted } from './unlisted.ts';
import { createWake } from './wake.ts';

/** What a node is handed. */
export interface NodeOptions {
  readonly record: NodeRecord;
  readonly machine: Machine;
  readonly state: AgentState;
  readonly health: Health;
  readonly bell: string | undefined;
  readonly logBytesPerSecond: number;
  readonly capacity: () => (Capacity & { readonly DockerRootDir: string }) | undefined;
  readonly facts: () => NodeFacts | undefined;
  /** The node was deleted, and nothing of it is left. */
  readonly onRetired: () => void;
  readonly warn: (what: string) => void;
}

const plainUid = /^[0-9A-Za-z-]{1,64}$/;
const surveyMs = 3000;
/** The longest pause after a refused token, and after anything else. */
const longestPauseMs = { refused: 15 * 60_000, away: 60_000 };

/** One node: it syncs, and sees to it that the machine has what it is told. */
export function createNode(options: NodeOptions) {
  const { record, machine, state, health, facts } = options;
  const { engine, bootId } = machine;
  const warn = (what: string) => options.warn(`${record.name}: ${what}`);
  const closed = new AbortController();
  const control = createControl(record.url, record.token);
  const observations = createObservations(state.nextSeq);
  const wake = createWake();
  const judge = createUnlisted();
  const instances = new Map<string, Instance>();

  let reply: SyncReply | undefined;
  let factsTold: NodeFacts | undefined;
  let surveyed = false;
  let againAtMs = Number.POSITIVE_INFINITY;
  let retiring = false;
  let syncedAt: number | undefined;
  let trouble: string | undefined;

  const telemetry = createTelemetry({
    async readCredentials() {
      const answer = await control.credentials(closed.signal);
      if (answer.ok) return answer.reply;
      throw new Error(`The control plane gives no credentials for logs: ${answer.refusal.detail}`);
    },
    logBytesPerSecond: options.logBytesPerSecond,
    signal: closed.signal,
    warn,
  });

  const beats = createBeats({
    engine,
    capacity: options.capacity,
    running: () =>
      [...instances].flatMap(([uid, instance]) => {
        const figures = instance.figures();
        return figures === undefined ? [] : [{ uid, figures }];
      }),
    tell: (samples) => telemetry.beat(record.uid, samples),
  });

  const instanceOf = (uid: string): Instance => {
    const there = instances.get(uid);
    if (there !== undefined) return there;
    const note = (seen: Seen, how = 'if new') => {
      const news = observations.note(uid, seen, how !== 'if new');
      if (news && how !== 'again, without haste') wake.change();
      beats.wake();
    };
    const made = createInstance({
      uid,
      machine,
      owner: { deployment: record.deployment, organization: record.organization, node: record.uid },
      control,
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

  /** Looks at everything that the engine has of this node. After that its containers are known, and reported. */
  const survey = async () => {
    const all = new Set([...(await list()), ...instances.keys()]);
    const looked = Promise.all([...all].map((uid) => instanceOf(uid).looked()));
    // One that has ended may have much to say before why is known. That is told by a later sync.
    await Promise.race([looked, wake.sleep(surveyMs, closed.signal)]);
    surveyed = true;
  };

  const forget = (uid: string) => {
    instances.get(uid)?.close();
    instances.delete(uid);
    observations.forget(uid);
    telemetry.forget(uid);
  };

  const apply = async (next: SyncReply) => {
    reply = next;
    telemetry.configure(next.telemetry);
    beats.every(next.beat_seconds);
    const desired = next.desired.filter(({ uid }) => plainUid.test(uid));
    const listed = new Set(desired.map(({ uid }) => uid));
    for (const wanted of desired) instanceOf(wanted.uid).tell(wanted);
    if (!health.isAvailable()) return;

    const there = await list();
    const { due, againInMs } = judge(there, listed, next.reap, next.reap_seconds * 1000, Date.now());
    againAtMs = againInMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + againInMs;
    for (const uid of due) {
      warn(`rp-${uid} is not listed any more: it is removed.`);
      instanceOf(uid).tell({ want: 'unlisted' });
    }
    const pending = new Set(observations.list().map(({ uid }) => uid));
    for (const [uid, instance] of instances) {
      if (listed.has(uid) || there.includes(uid)) continue;
      if (pending.has(uid) || !instance.isIdle()) instance.unlist();
      else forget(uid);
    }
  };

  /** Syncs once. */
  const sync = async (): Promise<'synced' | Refusal> => {
    const observed = observations.list();
    const factsNow = facts();
    const factsAreNews = factsNow !== undefined && !isDeepStrictEqual(factsNow, factsTold);
    const detail = health.detail();
    const answer = await control.sync(
      {
        boot_id: bootId,
        agent_version: agentVersion,
        ...(factsAreNews ? { facts: factsNow } : {}),
        ...(options.bell === undefined ? {} : { bell: options.bell }),
        engine: { available: health.isAvailable(), ...(detail === undefined ? {} : { detail }) },
        observed,
      },
      closed.signal,
    );
    if (!answer.ok) return answer.refusal;
    trouble = undefined;
    syncedAt = Date.now();
    if (factsAreNews) factsTold = factsNow;
    if (observations.acknowledge(observed)) wake.change();
    if (answer.reply.retired) {
      retiring = true;
    } else {
      await apply(answer.reply);
    }
    return 'synced';
  };

  /** The node was deleted: whatever is labelled with it goes, and so does our memory of it. */
  const retire = async () => {
    warn('It was deleted: its containers are removed.');
    const there = await list();
    for (const uid of there) instanceOf(uid).tell({ want: 'unlisted' });
    while (!closed.signal.aborted && (await list()).length > 0) await wake.sleep(1000, closed.signal);
    options.onRetired();
  };

  const run = async () => {
    let failures = 0;
    while (!closed.signal.aborted) {
      try {
        if (!surveyed && health.isAvailable()) await survey();
        const outcome = await sync();
        if (retiring) return await retire();
        if (outcome === 'synced') {
          failures = 0;
          const pollMs = (reply?.poll_seconds ?? 15) * 1000;
          await wake.wait(Math.min(pollMs, Math.max(0, againAtMs - Date.now())), closed.signal);
          continue;
        }
        const { status, code, detail, retryAfterSeconds = 0 } = outcome;
        trouble = `${code}: ${detail}`;
        warn(`The sync was refused: ${trouble}`);
        // A refused token removes nothing: whoever refuses it may be mistaken.
        const mostMs = status === 401 || status === 403 ? longestPauseMs.refused : longestPauseMs.away;
        await wake.hold(Math.max(backoffMs(failures++, mostMs), retryAfterSeconds * 1000), closed.signal);
      } catch (error) {
        if (closed.signal.aborted) return;
        trouble = `${error instanceof Error ? error.message : error}`;
        if (failures === 0) warn(`No sync: ${trouble}`);
        await wake.hold(backoffMs(failures++, longestPauseMs.away), closed.signal);
      }
    }
  };

  const running = run().catch((error) => {
    if (!closed.signal.aborted) warn(`It stopped: ${error}`);
  });

  return {
    uid: record.uid,
    /** The bell: look now. Rung while a sync is under way, it is followed by another. */
    ring: (): void => wake.ring(),
    /** Something happened to a container. */
    poke(uid: string): void {
      if (plainUid.test(uid)) instanceOf(uid).poke();
    },
    /** The engine answers again, or its events were interrupted: look at everything. */
    resurvey(): void {
      surveyed = false;
      wake.ring();
    },
    /** The engine's health, or the machine's facts, have changed. */
    change: (): void => wake.change(),
    status: () => ({
      uid: record.uid,
      name: record.name,
      organization: record.organization,
      url: record.url,
      synced_at: syncedAt === undefined ? null : new Date(syncedAt).toISOString(),
      trouble: trouble ?? null,
      instances: [...instances].map(([uid, instance]) => ({ uid, phase: instance.phase()?.phase ?? null })),
    }),
    /** Ends the node's work, and leaves its containers as they are. */
    async close(): Promise<void> {
      await telemetry.drained(2000);
      for (const instance of instances.values()) instance.close();
      beats.close();
      closed.abort();
      await running;
    },
  };
}

/** One node. */
export type Node = ReturnType<typeof createNode>;
