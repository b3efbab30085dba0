import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceLog } from '../telemetry/telemetry.ts';
import type { Machine } from './machine.ts';
import type { Watch } from './watch.ts';

/** For how long shipping may stand still, and how long it may take, before the container goes without the rest. */
const stillMs = 10_000;
const longestMs = 3 * 60_000;
/** How long what was taken is waited for: it goes on without the container. */
const shippedMs = 2_000;

/** Waits for the rest of the output for as long as it goes on being shipped: what is removed can't be read again. */
async function isTaken(watched: Watch): Promise<boolean> {
  const done = watched.done.then(() => true);
  const endsAtMs = Date.now() + longestMs;
  for (;;) {
    const before = watched.progress();
    if (await Promise.race([done, sleep(stillMs, false, { ref: false })])) return true;
    if (watched.progress() === before || Date.now() > endsAtMs) return false;
  }
}

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
        if (!(await isTaken(watched))) {
          const lost =
            'The container was removed before all of its output could be shipped: lines before this were left out.';
          log.say('WARN', lost);
        }
        await log.drained(shippedMs);
      }
      await engine.removeContainer(found.Id, true);
    }
    await docker.remove(uid);
    await networks.remove(name);
    inputs.remove(uid);
  };
}
