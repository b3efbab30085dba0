import type { Engine } from '../engine/engine.ts';
import { diskOf } from '../facts.ts';
import type { Sample } from '../telemetry/telemetry.ts';
import type { Capacity, Figures } from './figures.ts';

/** Tells the figures of what runs, each few seconds and when it is asked. */
export function createBeats(options: {
  readonly engine: Engine;
  readonly capacity: () => (Capacity & { readonly DockerRootDir: string }) | undefined;
  readonly running: () => readonly Figures[];
  readonly tell: (samples: readonly Sample[]) => void;
}) {
  let everyMs = 15_000;
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;

  const measure = async () => {
    const capacity = options.capacity();
    const running = options.running();
    if (running.length === 0 || capacity === undefined) return;
    const disk = (await diskOf(capacity)).usedPercent;
    const samples = await Promise.all(
      // One that has just ended has no figures any more.
      running.map((figures) => figures(capacity, disk).catch(() => undefined)),
    );
    const told = samples.filter((sample) => sample !== undefined);
    if (told.length > 0) options.tell(told);
  };
  const beat = () => {
    clearTimeout(timer);
    beating ??= measure()
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
        clearTimeout(timer);
        if (options.running().length > 0) timer = setTimeout(beat, everyMs);
      });
  };

  return {
    /** At once, and from then on each few seconds for as long as something runs. */
    now: beat,
    every(seconds: number): void {
      everyMs = seconds * 1000;
    },
    /** Something may have started. */
    wake(): void {
      if (timer === undefined && beating === undefined) beat();
    },
    close: (): void => clearTimeout(timer),
  };
}
