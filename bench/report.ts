import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** One measured goal. */
export interface Measured {
  readonly goal: string;
  readonly what: string;
  /** The figures behind it. */
  readonly figures: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean;
}

/** A figure against the most, or the least, that it may be. */
export function compare(
  goal: string,
  what: string,
  value: number,
  {
    target,
    unit = '',
    digits = 2,
    figures = '',
  }: {
    readonly target: { readonly atMost: number } | { readonly atLeast: number };
    readonly unit?: string;
    readonly digits?: number;
    readonly figures?: string;
  },
): Measured {
  const [sign, limit] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast];
  return {
    goal,
    what,
    figures,
    value: Number.isNaN(value) ? 'could not be told' : `${value.toFixed(digits)}${unit}`,
    target: `${sign} ${limit}${unit}`,
    met: 'atMost' in target ? value <= limit : value >= limit,
  };
}

function dockerVersion(): string {
  try {
    return execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { encoding: 'utf8' }).trim();
  } catch {
    return 'none';
  }
}

/** The machine that was measured on, without anything that names it. */
export function machine(load: readonly number[]): string[] {
  const all = cpus();
  return [
    `- Processor: ${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
    `- Memory: ${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `- Kernel: ${type()} ${release()}`,
    `- Node: ${process.version}`,
    `- Docker: ${dockerVersion()}`,
    `- Load average before and after: ${load.map((one) => one.toFixed(1)).join(', ')}`,
  ];
}

/** A line of a table. */
export const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The document: what was measured, when and on what. */
export function documentOf(measured: readonly Measured[], missing: readonly string[], loadBefore: number): string {
  const [loadAfter = 0] = loadavg();
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench`. Goals are ratios within one run wherever that is possible, so that a slow or a busy',
    'machine moves both sides; what is in seconds or megabytes is what it is on the machine below.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC:`,
    '',
    ...machine([loadBefore, loadAfter]),
    '',
    row(['goal', 'what', 'measured', 'goal is', 'met', 'figures']),
    row(['---', '---', '---', '---', '---', '---']),
    ...measured.map(({ goal, what, value, target, met, figures }) =>
      row([goal, what, value, target, met ? 'yes' : '**no**', figures]),
    ),
    '',
    ...(missing.length === 0 ? [] : ['Not measured:', '', ...missing.map((one) => `- ${one}`), '']),
  ].join('\n');
}

/** The same for a terminal. */
export const lineOf = ({ goal, what, value, target, met, figures }: Measured): string =>
  `${met ? 'met   ' : 'MISSED'} ${goal.padEnd(3)} ${what}: ${value} (${target})${figures === '' ? '' : `; ${figures}`}`;
