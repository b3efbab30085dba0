import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makePrivateFolder } from '../aws/disk.ts';
import { openLines } from '../aws/lines.ts';
import { type EventStream, openEventStream } from './stream.ts';

/** A log stream: its name, and its events, opened when somebody first asks. */
export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  readonly folder: string;
  events(): Promise<EventStream>;
}

/** A log group. */
export interface LogGroup {
  readonly name: string;
  readonly createdAt: number;
  readonly streams: Map<string, LogStream>;
  retentionInDays: number | undefined;
}

/** Which groups and streams there are. Every change is on the disk when it returns. */
export interface Catalog {
  readonly groups: ReadonlyMap<string, LogGroup>;
  createGroup(name: string, now: number): void;
  setRetention(group: LogGroup, days: number): void;
  createStream(group: LogGroup, name: string, now: number): void;
  removeStream(group: LogGroup, stream: LogStream): Promise<void>;
  close(): void;
}

const Entry = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('group'), group: z.string(), createdAt: z.int() }),
  z.strictObject({ what: z.literal('retention'), group: z.string(), days: z.int() }),
  z.strictObject({ what: z.literal('stream'), group: z.string(), name: z.string(), id: z.uuid(), createdAt: z.int() }),
  z.strictObject({ what: z.literal('removed'), group: z.string(), name: z.string() }),
]);
type Entry = z.output<typeof Entry>;

/** Opens the catalog of a folder, and removes the folders of streams that are no longer in it. */
export function openCatalog(folder: string): Catalog {
  makePrivateFolder(folder);
  const { lines, values } = openLines(join(folder, 'catalog.jsonl'));
  const groups = new Map<string, LogGroup>();
  const ids = new Map<LogStream, string>();

  function apply(entry: Entry): void {
    if (entry.what === 'group') {
      const { group: name, createdAt } = entry;
      groups.set(name, { name, createdAt, streams: new Map(), retentionInDays: undefined });
      return;
    }
    const group = groups.get(entry.group);
    if (!group) return;
    if (entry.what === 'retention') group.retentionInDays = entry.days;
    if (entry.what === 'removed') group.streams.delete(entry.name);
    if (entry.what === 'stream') {
      const stream = logStream(entry.name, entry.createdAt, join(folder, entry.id));
      ids.set(stream, entry.id);
      group.streams.set(entry.name, stream);
    }
  }

  function record(entry: Entry): void {
    lines.append(entry);
    apply(entry);
  }

  for (const value of values) apply(Entry.parse(value));
  const live = [...groups.values()].flatMap((group) => entriesOf(group, ids));
  if (values.length > 2 * live.length + 100) lines.rewrite(live);
  const kept = new Set([...groups.values()].flatMap(({ streams }) => [...streams.values()].map((one) => one.folder)));
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !kept.has(path)) rmSync(path, { recursive: true, force: true });
  }

  return {
    groups,
    createGroup: (group, now) => record({ what: 'group', group, createdAt: now }),
    setRetention: ({ name }, days) => record({ what: 'retention', group: name, days }),
    createStream: ({ name: group }, name, now) =>
      record({ what: 'stream', group, name, id: randomUUID(), createdAt: now }),
    async removeStream({ name: group }, { name, folder: streamFolder }) {
      record({ what: 'removed', group, name });
      await rm(streamFolder, { recursive: true, force: true });
    },
    close: () => lines.close(),
  };
}

function entriesOf({ name: group, createdAt, retentionInDays: days, streams }: LogGroup, ids: Map<LogStream, string>) {
  const entries: Entry[] = [{ what: 'group', group, createdAt }];
  if (days !== undefined) entries.push({ what: 'retention', group, days });
  for (const stream of streams.values()) {
    const id = ids.get(stream);
    if (id) entries.push({ what: 'stream', group, name: stream.name, id, createdAt: stream.createdAt });
  }
  return entries;
}

function logStream(name: string, createdAt: number, folder: string): LogStream {
  let opened: Promise<EventStream> | undefined;
  return {
    name,
    createdAt,
    folder,
    events() {
      opened ??= openEventStream(folder).catch((error: unknown) => {
        opened = undefined; // Tried again by whoever asks next.
        throw error;
      });
      return opened;
    },
  };
}
