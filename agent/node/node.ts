import { isDeepStrictEqual } from 'node:util';
import type { NodeFacts } from '#domain/node.ts';
import { backoffMs } from '../backoff.ts';
import { createControl, type SyncReply } from '../control/client.ts';
import type { Refusal } from '../control/refusal.ts';
import type { Health } from '../health.ts';
import type { AgentState, NodeRecord } from '../state.ts';
import { agentVersion } from '../version.ts';
import type { Capacity } from './figures.ts';
import { createInstances } from './instances.ts';
import type { Machine } from './machine.ts';
import { createObservations } from './observations.ts';
import { createWake } from './wake.ts';

/** What a node is handed. */
export interface NodeOptions {
  readonly record: NodeRecord;
  readonly machine: Machine;
  readonly state: AgentState;
  readonly health: Health;
  readonly bell: string | undefined;
  readonly logBytesPerSecond: number;
  readonly pullsAhead: boolean;
  readonly capacity: () => (Capacity & { readonly DockerRootDir: string }) | undefined;
  readonly facts: () => NodeFacts | undefined;
  /** True: it looks and syncs, and does nothing of what it is told. */
  readonly isTrial: boolean;
  /** It was told something, having looked at everything before or not. */
  readonly onSynced: (reply: SyncReply, surveyed: boolean) => void;
  /** The node was deleted, and nothing of it is left. */
  readonly onRetired: () => void;
  readonly warn: (what: string) => void;
}

/** The longest pause after a refused token, and after anything else. */
const longestPauseMs = { refused: 15 * 60_000, away: 60_000 };

/** One node: it syncs, and sees to it that the machine has what it is told. */
export function createNode(options: NodeOptions) {
  const { record, machine, state, health, facts } = options;
  const { bootId } = machine;
  const warn = (what: string) => options.warn(`${record.name}: ${what}`);
  const closed = new AbortController();
  const control = createControl(record.url, record.token);
  const observations = createObservations(state.nextSeq);
  const wake = createWake();

  let pollMs = 15_000;
  let factsTold: NodeFacts | undefined;
  let surveyed = false;
  let againAtMs = Number.POSITIVE_INFINITY;
  let retiring = false;
  let syncedAt: number | undefined;
  let trouble: string | undefined;

  const instances = createInstances({ ...options, control, observations, wake, warn, signal: closed.signal });

  const apply = async (next: SyncReply) => {
    pollMs = next.poll_seconds * 1000;
    const listed = instances.tell(next);
    if (!health.isAvailable()) return;
    againAtMs = Date.now() + (await instances.reap(listed, next));
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
    options.onSynced(answer.reply, surveyed);
    if (options.isTrial) return 'synced';
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
    await instances.retire();
    options.onRetired();
  };

  const run = async () => {
    let failures = 0;
    while (!closed.signal.aborted) {
      try {
        if (!surveyed && health.isAvailable()) {
          await instances.survey();
          surveyed = true;
        }
        const outcome = await sync();
        if (retiring) return await retire();
        if (outcome === 'synced') {
          failures = 0;
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
    poke: instances.poke,
    /** The engine answers again, or its events were interrupted: look at everything. */
    resurvey(): void {
      surveyed = false;
      wake.ring();
    },
    /** Is no start, stop or pull under way? */
    isIdle: instances.isIdle,
    /** The engine's health, or the machine's facts, have changed. */
    change: (): void => wake.change(),
    status: () => ({
      uid: record.uid,
      name: record.name,
      organization: record.organization,
      url: record.url,
      synced_at: syncedAt === undefined ? null : new Date(syncedAt).toISOString(),
      trouble: trouble ?? null,
      instances: instances.status(),
    }),
    /** Ends the node's work, and leaves its containers as they are. */
    async close(): Promise<void> {
      await instances.close();
      closed.abort();
      await running;
    },
  };
}

/** One node. */
export type Node = ReturnType<typeof createNode>;
