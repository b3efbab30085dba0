import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Instance, isFinal } from '#domain/instance.ts';
import { tableName } from '#local/surroundings.ts';
import { tableRows } from '#test/table-rows.ts';
import { handlesOf, programOf, residentMb } from '../processes.ts';
import type { Stage } from '../stage.ts';
import type { Series } from './series.ts';

/** What is read each minute. */
export interface Sample {
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly handles: Readonly<Record<string, number>>;
  /** How long the oldest row that is due has been so, in seconds. */
  readonly overdueSeconds: number;
  /** Rows of what lives, and those that stay until they expire. */
  readonly liveRows: number;
  readonly restingRows: number;
  readonly diskMb: number;
}

const bytesUnder = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).reduce(
    (sum, entry) =>
      sum + (entry.isFile() ? (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0) : 0),
    0,
  );

/** What has a memory worth watching. */
const programs = ['local', 'agent', 'dynoxide'];

/** Reads it all once. */
export async function sampleOf({ mode, folder }: Stage): Promise<Sample> {
  const processes = mode.processes().map((pid) => ({ pid, program: programOf(pid) }));
  const of = (program: string) => processes.filter((one) => one.program === program);
  const each = (read: (pid: number) => number) =>
    Object.fromEntries(
      programs.map((program): [string, number] => [program, Math.max(...of(program).map(({ pid }) => read(pid)))]),
    );
  const rows = await tableRows({ dynamoDbEndpoint: mode.dynamoDbEndpoint, tableName });
  const now = Date.now();
  const isLive = (row: (typeof rows)[number]) =>
    row.pk.startsWith('NODE#')
      ? row.sk.startsWith('INSTANCE#')
      : row.sk.startsWith('CREDENTIAL#') || (row.sk.startsWith('INSTANCE#') && !isFinal(Instance.parse(row)));
  const live = rows.filter(isLive).length;
  const due = rows.flatMap((row) => (typeof row.due === 'number' && row.due < now ? [now - row.due] : []));
  return {
    memoryMb: each((pid) => residentMb(pid, 'Rss')),
    handles: each(handlesOf),
    overdueSeconds: Math.max(0, ...due) / 1000,
    liveRows: live,
    restingRows: rows.length - live,
    diskMb: bytesUnder(folder) / 1e6,
  };
}

/** What must be flat: a tenth more memory is what garbage collection leaves one time or the other. */
export function seriesOf(samples: readonly Sample[]): Series[] {
  const of = (read: (sample: Sample) => number) => samples.map(read);
  return [
    ...programs.map((program) => ({
      what: `memory of ${program}`,
      unit: ' MB',
      digits: 0,
      values: of(({ memoryMb }) => memoryMb[program] ?? 0),
      slack: { part: 0.1, amount: 4 },
    })),
    ...programs.map((program) => ({
      what: `open files and sockets of ${program}`,
      unit: '',
      digits: 0,
      values: of(({ handles }) => handles[program] ?? 0),
      slack: { part: 0.1, amount: 4 },
    })),
    {
      what: 'longest overdue row',
      unit: ' s',
      digits: 1,
      values: of(({ overdueSeconds }) => overdueSeconds),
      slack: { part: 0, amount: 10 },
    },
    {
      what: 'rows of what lives',
      unit: '',
      digits: 0,
      values: of(({ liveRows }) => liveRows),
      slack: { part: 0.1, amount: 4 },
    },
  ];
}
