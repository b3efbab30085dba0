import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import type { Control, Granted } from '../control/client.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Container } from '../engine/replies.ts';
import { label, type Owner, ownerLabels } from './labels.ts';
import type { Machine } from './machine.ts';
import { hopeless, refused, type Started } from './outcome.ts';
import { claim } from './start.ts';

/**
 * Starts again, after a reboot, what has registered its runner before. Like any start it is claimed, so that of two
 * machines with one disk at most one does. That it happens once per boot is the container's own memory: its entry
 * script notes the boot beside the runner, and ends where it has run in it before, whoever starts it.
 */
export async function restartInstance(
  { engine, docker, inputs, networks, bootId }: Machine,
  {
    owner,
    control,
    desired,
    found,
    signal,
    onGranted,
  }: {
    readonly owner: Owner;
    readonly control: Control;
    readonly desired: Desired;
    readonly found: Container;
    readonly signal: AbortSignal;
    readonly onGranted: (granted: Granted) => void;
  },
): Promise<Started> {
  const { uid } = desired;
  const claimed = await claim(control, desired, bootId, signal);
  if (!claimed.ok) return { kind: 'ungranted', refusal: claimed.refusal };
  onGranted(claimed.reply);
  const given = await docker.give(desired, claimed.reply, { owner, bootId }, signal);
  if (given !== undefined && 'code' in given) return refused(given.code, given.detail, given.retryable);
  // What the container mounts lay on tmpfs, and has to be there before it is started.
  inputs.prepare(uid);
  inputs.put(uid, claimed.reply, bootId, given?.folder);
  signal.throwIfAborted();
  const start = () => engine.startContainer(found.Id);
  // An engine whose database of networks was broken by a power loss has forgotten the one that the container is in.
  const startInAnother = async (error: unknown) => {
    if (!isEngineFailure(error) || !/network .* not found/i.test(error.message)) throw error;
    const name = containerName(uid);
    await networks.ensure(name, { ...ownerLabels(owner), [label.instance]: uid });
    await engine.rejoinNetwork(name, found.Id);
    await start();
  };
  try {
    await start().catch(startInAnother);
  } catch (error) {
    if (!isEngineFailure(error)) throw error;
    inputs.remove(uid);
    const detail = `The engine does not start the container again: ${error.message}`;
    return refused('restart_failed', detail, !hopeless.test(error.message));
  }
  return { kind: 'started' };
}
