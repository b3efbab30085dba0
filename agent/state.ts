import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { jobResults } from '#domain/runner-lines.ts';

/** A node that this machine is, and the token that says so. */
export const NodeRecord = z.object({
  uid: z.string(),
  name: z.string(),
  organization: z.string(),
  deployment: z.string(),
  url: z.string(),
  token: z.string(),
});
export type NodeRecord = z.output<typeof NodeRecord>;

/** Up to where a container's output has been dealt with: the engine's timestamp, how many lines have it, the line's number. */
export const Position = z.object({ time: z.string(), ordinal: z.int(), seq: z.int() });
export type Position = z.output<typeof Position>;

/** What the agent remembers of an instance besides what the engine's labels say. */
export const InstanceRecord = z.object({
  /** The container this is about. */
  container: z.string(),
  /** The engine's time of the start that this is about, and in which boot it ran. */
  started_at: z.string().optional(),
  boot: z.string().optional(),
  /** Up to where its output is shipped. */
  shipped: Position.optional(),
  /** The number of the last line that was read for what the runner does. */
  read: z.int(),
  phase: z.enum(['running', 'listening', 'busy']),
  job: z.string().optional(),
  /** How that job has ended; while it runs, absent. */
  result: z.enum(jobResults).optional(),
  listened_at: z.int().optional(),
  jobs: z.int(),
  trouble: z.object({ code: z.string(), line: z.string() }).optional(),
});
export type InstanceRecord = z.output<typeof InstanceRecord>;

/** An image that this agent has pulled, and nobody before it: by which names, and when it was last used. */
export const PulledImage = z.object({ names: z.array(z.string()), used_at: z.int() });
export type PulledImage = z.output<typeof PulledImage>;

/** A program of the agent that did not work, and how often. */
export const FailedUpdate = z.object({
  version: z.string(),
  sha256: z.string(),
  detail: z.string(),
  failures: z.int(),
  at: z.int(),
});
export type FailedUpdate = z.output<typeof FailedUpdate>;

/** A program that has just taken another's place: since when, and how often it has been started and not been ended. */
export const Probation = z.object({ version: z.string(), sha256: z.string(), since: z.int(), starts: z.int() });
export type Probation = z.output<typeof Probation>;

const State = z.object({
  seq: z.int(),
  nodes: z.array(NodeRecord),
  instances: z.record(z.string(), InstanceRecord),
  /** By their ids. */
  images: z.record(z.string(), PulledImage).default({}),
  failed_update: FailedUpdate.optional(),
  probation: Probation.optional(),
});

/** Saving is put off by this long, so that many changes are one write. */
const lingerMs = 1000;

/**
 * The agent's one small file. Losing it costs a new enrollment and a little work: what runs is known by the engine's
 * labels. It is replaced as a whole, so that a crash leaves the old one or the new one.
 */
export function openState(folder: string, warn: (what: string) => void = () => undefined) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'agent.json');
  const state = read(path);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let saving = Promise.resolve();
  const text = () => `${JSON.stringify(state)}\n`;

  /** At once: when this returns it is on the disk. */
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    const draft = `${path}.now`;
    const file = openSync(draft, 'w', 0o600);
    try {
      writeSync(file, text());
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    // The name is only durable once its folder is.
    const parent = openSync(folder, 'r');
    fsyncSync(parent);
    closeSync(parent);
    saves++;
  };

  /** Soon, and without holding anybody up: a disk may take its time. */
  const saveSoon = () => {
    if (isClosed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      saving = saving.then(saveLater).catch((error) => warn(`${path} can't be written: ${error.message}`));
    }, lingerMs);
  };
  let saves = 0;
  const saveLater = async () => {
    const draft = `${path}.soon`;
    const before = ++saves;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text());
      await file.sync();
    } finally {
      await file.close();
    }
    // Something newer has been written meanwhile.
    if (saves === before) renameSync(draft, path);
  };

  return {
    nodes: (): readonly NodeRecord[] => state.nodes,

    putNode(record: NodeRecord): void {
      state.nodes = [...state.nodes.filter((node) => node.uid !== record.uid), record];
      save();
    },

    removeNode(uid: string): void {
      state.nodes = state.nodes.filter((node) => node.uid !== uid);
      save();
    },

    instance: (uid: string): InstanceRecord | undefined => state.instances[uid],

    /** The uids of those that it knows. */
    instances: (): readonly string[] => Object.keys(state.instances),

    /** Remembers an instance, soon. */
    putInstance(uid: string, record: InstanceRecord): void {
      state.instances[uid] = record;
      saveSoon();
    },

    removeInstance(uid: string): void {
      if (!(uid in state.instances)) return;
      delete state.instances[uid];
      saveSoon();
    },

    images: (): Readonly<Record<string, PulledImage>> => state.images,

    /** Remembers an image at once: one that is forgotten stays on the disk for ever. */
    putImage(id: string, record: PulledImage): void {
      state.images[id] = record;
      save();
    },

    touchImage(id: string, now: number): void {
      const known = state.images[id];
      if (known === undefined) return;
      state.images[id] = { ...known, used_at: now };
      saveSoon();
    },

    removeImage(id: string): void {
      delete state.images[id];
      save();
    },

    failedUpdate: (): FailedUpdate | undefined => state.failed_update,

    updateFailed({ version, sha256 }: Pick<FailedUpdate, 'version' | 'sha256'>, detail: string): void {
      const before = state.failed_update?.sha256 === sha256 ? state.failed_update.failures : 0;
      state.failed_update = { version, sha256, detail, failures: before + 1, at: Date.now() };
      save();
    },

    /** The program is the one that it should be. */
    updated(): void {
      if (state.failed_update === undefined) return;
      delete state.failed_update;
      save();
    },

    probation: (): Probation | undefined => state.probation,

    setProbation(probation: Probation | undefined): void {
      state.probation = probation;
      save();
    },

    /** The number of the next report: it grows even when the clock goes back. */
    nextSeq(now: number): number {
      state.seq = Math.max(state.seq + 1, now);
      return state.seq;
    },

    save,

    /** Saves for the last time: from now on the file is another's. */
    close(): void {
      save();
      isClosed = true;
    },
  };
}

/** The agent's state file. */
export type AgentState = ReturnType<typeof openState>;

function read(path: string): z.output<typeof State> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return State.parse({ seq: 0, nodes: [], instances: {} });
    throw error;
  }
  try {
    return State.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} can't be read. Move it away, and enroll this machine again.`, { cause: error });
  }
}
