import { readdirSync, readFileSync } from 'node:fs';

const readOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

/** The memory of a process, in MB; 0 once it has ended. */
export const residentMb = (pid: number, field: 'Rss' | 'Pss' | 'Anonymous'): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readOf(pid, 'smaps_rollup'))?.[1] ?? 0) / 1024;

/** How many files and sockets a process has open. */
export function handlesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What Linux counts processor time in, for every architecture. */
const ticksPerSecond = 100;

/** The processor time that a process has used, by proc_pid_stat(5), in seconds. */
export function processorSeconds(pid: number): number {
  const stat = readOf(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Which of ours it is: local mode, the agent, the DynamoDB engine, or the shell that ends that one. */
export function programOf(pid: number): string {
  const command = readOf(pid, 'cmdline').replaceAll('\0', ' ');
  if (command === '') return 'ended';
  if (command.startsWith('/bin/sh ')) return 'its shell';
  return /(agent|local)\/main\.ts|(dynoxide) serve/.exec(command)?.slice(1).find(Boolean) ?? 'something else';
}
