import type { Engine } from '../engine/engine.ts';
import type { Container, Stats } from '../engine/replies.ts';
import type { Sample } from '../telemetry/telemetry.ts';
import { daemonName, hasDaemon } from './daemon.ts';

/** What a node has, that containers without limits of their own share. */
export interface Capacity {
  readonly cpus: number;
  readonly memoryBytes: number;
}

const percent = (part: number, whole: number): number =>
  whole <= 0 ? 0 : Math.round(Math.min(100, Math.max(0, (part / whole) * 100)) * 10) / 10;

/** What is used but for pages of files that nobody needs: cgroup v2 calls them `inactive_file`, v1 counts the tree's. */
export function memoryOf({ memory_stats: { usage = 0, stats = {} } }: Stats): number {
  return Math.max(0, usage - (stats.total_inactive_file ?? stats.inactive_file ?? 0));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);

/**
 * Measures an instance: its runner's container and, if it has one, its daemon's, of which each has the limits. Processor
 * time is a mean since it was last asked, at first since its start.
 */
export function createFigures(engine: Engine, container: Container, uid: string) {
  const { NanoCpus, Memory } = container.HostConfig;
  const measured = [container.Id, ...(hasDaemon(container) ? [daemonName(uid)] : [])];
  let atMs = Date.parse(container.State.StartedAt);
  let usedNs = 0;

  return async (capacity: Capacity, diskPercent: number): Promise<Sample> => {
    const stats = await Promise.all(measured.map((one) => engine.stats(one)));
    const nowMs = Date.now();
    const nowNs = sum(stats.map(({ cpu_stats }) => cpu_stats.cpu_usage.total_usage));
    const cpus = NanoCpus ? (measured.length * NanoCpus) / 1e9 : capacity.cpus;
    const cpu = percent(nowNs - usedNs, (nowMs - atMs) * 1e6 * cpus);
    atMs = nowMs;
    usedNs = nowNs;
    return {
      uid,
      cpu,
      memory: percent(sum(stats.map(memoryOf)), Memory ? measured.length * Memory : capacity.memoryBytes),
      disk: percent(diskPercent, 100),
    };
  };
}

/** Measures an instance. */
export type Figures = ReturnType<typeof createFigures>;
