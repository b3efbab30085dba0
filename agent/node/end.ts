import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceLog } from '../telemetry/telemetry.ts';
import type { Machine } from './start.ts';
import type { Watch } from './watch.ts';

/** How long the rest of the output is waited for before the container goes, and how long until it is shipped. */
const restMs = 10_000;
const shippedMs = 2_000;

/** Removes all that there is of an instance on this machine: containers, volumes, network, files. */
export function createEnding({
  name,
  uid,
  machine,
  log,
}: {
  readonly name: string;
  readonly uid: string;
  readonly machine: Machine;
  readonly log: InstanceLog;
}) {
  const { engine, docker, networks, inputs } = machine;

  return async (graceSeconds: number, watch: () => Watch | undefined): Promise<void> => {
    const found = await engine.findContainer(name);
    if (found !== undefined) {
      if (found.State.Running) {
        log.say('INFO', `Stopping the runner container: it has ${graceSeconds} s.`);
        await engine.stopContainer(found.Id, graceSeconds);
        log.say('INFO', 'Runner container stopped and removed.');
      }
      const watched = watch();
      if (watched !== undefined) {
        await Promise.race([watched.done, sleep(restMs, undefined, { ref: false })]);
        await log.drained(shippedMs);
      }
      await engine.removeContainer(found.Id, true);
    }
    await docker.remove(uid);
    await networks.remove(name);
    inputs.remove(uid);
  };
}
