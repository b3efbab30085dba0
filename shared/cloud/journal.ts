import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  Beat,
  compareLines,
  inOrder,
  type LogLine,
  type Position,
  type Sample,
  WrittenLine,
} from '#domain/log-line.ts';
import { plainText } from '#domain/plain-text.ts';
import { eventPages, type StoredEvent } from './event-pages.ts';

/** Which lines of an instance's log: the `limit` nearest to the end that is asked for. */
export interface LineQuery {
  readonly limit: number;
  /** Lines after this one, the oldest of them; otherwise the newest lines. */
  readonly after?: Position | undefined;
  /** Lines before this one. */
  readonly before?: Position | undefined;
  /** Inclusive and exclusive, epoch milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly level?: LogLine['level'] | undefined;
}

/** Lines, oldest first; `older` and `newer` are where the neighbouring pages begin. */
export interface LinePage {
  readonly lines: readonly LogLine[];
  readonly older?: Position;
  readonly newer?: Position;
}

/** When to look for an instance's last sample: between these times, epoch milliseconds. */
export interface SampleQuery {
  readonly node: string;
  readonly instance: string;
  readonly from: number;
  readonly until: number;
}

/** What nodes have written: the lines of instances, and beats. */
export interface Journal {
  lines(org: string, instance: string, query: LineQuery): Promise<LinePage>;
  /** The latest sample of an instance; undefined if there is none. */
  findSample(org: string, query: SampleQuery): Promise<Sample | undefined>;
}

function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** A line; what is none of ours (a node writes what it likes) is shown as it is. */
function lineOf({ at, message }: StoredEvent): LogLine {
  const line = WrittenLine.safeParse(parsed(message));
  if (!line.success) return { at, seq: 0, level: 'INFO', message: plainText(message) };
  return { at, ...line.data, message: plainText(line.data.message) };
}

/** Beats are read some at a time: the newest one nearly always has every instance. */
const beatsPerPage = 20;

/** The journal in CloudWatch Logs: streams are `<org>/instance/<uid>` and `<org>/node/<uid>`. */
export function openJournal(client: CloudWatchLogsClient, group: string): Journal {
  return {
    async lines(org, instance, query) {
      const { limit, after, before, since, until, level } = query;
      const forward = after !== undefined;
      const wanted = (line: LogLine) =>
        (level === undefined || line.level === level) &&
        (after === undefined || compareLines(line, after) > 0) &&
        (before === undefined || compareLines(line, before) < 0);
      const pages = eventPages(client, group, {
        stream: `${org}/instance/${instance}`,
        direction: forward ? 'forward' : 'backward',
        startTime: latest(since, after?.at),
        endTime: earliest(until, before === undefined ? undefined : before.at + 1),
        // Some lines were shipped twice, and of one millisecond only some may be wanted.
        eventsPerPage: level === undefined ? limit + 50 : 2000,
      });
      let found: LogLine[] = [];
      let reached: Position | undefined;
      let done = false;
      while (!done && found.length <= limit) {
        const page = await pages.next();
        if (page.done) {
          done = page.value;
          break;
        }
        const lines = page.value.map(lineOf);
        const edge = forward ? lines.at(-1) : lines[0];
        reached = edge && { at: edge.at, seq: edge.seq };
        found = inOrder([...found, ...lines.filter(wanted)]);
      }
      const lines = forward ? found.slice(0, limit) : found.slice(-limit);
      return { lines, ...neighbours({ lines, query, reached, complete: done && found.length <= limit }) };
    },

    async findSample(org, { node, instance, from, until }) {
      const pages = eventPages(client, group, {
        stream: `${org}/node/${node}`,
        direction: 'backward',
        startTime: from,
        endTime: until,
        eventsPerPage: beatsPerPage,
      });
      for await (const page of pages) {
        for (const { at, message } of page.toReversed()) {
          const beat = Beat.safeParse(parsed(message));
          const sample = beat.data?.instances.find(({ uid }) => uid === instance);
          if (sample) return { at, cpu: sample.cpu, memory: sample.memory, disk: sample.disk };
        }
      }
      return undefined;
    },
  };
}

const latest = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
const earliest = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** Where the pages beside this one begin. What was read without being wanted is not read again. */
function neighbours(page: {
  readonly lines: readonly LogLine[];
  readonly query: LineQuery;
  readonly reached: Position | undefined;
  /** Whether there is nothing more in the direction that was read. */
  readonly complete: boolean;
}): Omit<LinePage, 'lines'> {
  const { lines, query, reached, complete } = page;
  const forward = query.after !== undefined;
  const position = (line: LogLine | undefined) => line && { at: line.at, seq: line.seq };
  const oldest = position(lines[0]);
  const newest = position(lines.at(-1));
  const full = lines.length >= query.limit;
  // Whoever follows a log asks again from where it ended, although there is nothing yet.
  const newer = forward ? (full ? newest : (reached ?? query.after)) : (newest ?? query.before ?? reached);
  const older = forward ? (oldest ?? query.after) : complete ? undefined : full ? oldest : reached;
  return { ...(older && { older }), ...(newer && { newer }) };
}
