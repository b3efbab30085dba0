import type { Desired } from '#contract/agent.ts';
import { DockerImage } from '#domain/grammar.ts';
import { containerName } from '#domain/instance.ts';
import type { Control, Granted } from '../control/client.ts';
import type { AskLogin } from '../control/logins.ts';
import { unreachable } from '../control/refusal.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Container } from '../engine/replies.ts';
import { chooseRunner, pull } from './bring.ts';
import { containerSpec, isUnstarted, type Making } from './container.ts';
import { label, type Owner, ownerLabels } from './labels.ts';
import type { Machine } from './machine.ts';
import { hopeless, refused, type Started, type Ungranted } from './outcome.ts';
import type { OnPull } from './pulls.ts';
import type { RunnerRelease } from './runner.ts';

/** Claims a start, or a start again; a control plane that is away grants nothing. */
export const claim = (control: Control, { uid, generation }: Desired, boot_id: string, signal: AbortSignal) =>
  control.claim(uid, { generation, boot_id }, signal).catch((error): Ungranted => {
    if (signal.aborted) throw error;
    return { ok: false, refusal: unreachable(error) };
  });

/** What a start is made from. */
export interface Start {
  readonly owner: Owner;
  readonly control: Control;
  readonly login: AskLogin;
  readonly desired: Desired;
  readonly release: RunnerRelease | null;
  /** The container of this generation that was made and never started, if there is one. */
  readonly found: Container | undefined;
  readonly signal: AbortSignal;
  readonly onPull: OnPull;
  readonly onGranted: (granted: Granted) => void;
}

/**
 * Starts what was told, from the image on: pull, claim, create, the credential, start by the engine's id. The order is
 * that of the protocol's model: whoever dies between any two of these is followed by one who begins again, and nothing
 * is started twice.
 */
export async function startInstance(machine: Machine, start: Start): Promise<Started> {
  const { image, docker } = start.desired;
  const used = docker === 'dind' ? [image, machine.docker.image] : [image];
  const letGo = used.map((one) => machine.images.hold(one));
  try {
    return await begin(machine, start);
  } finally {
    for (const release of letGo) release();
  }
}

async function begin(
  machine: Machine,
  { owner, control, login, desired, release, found, signal, onPull, onGranted }: Start,
): Promise<Started> {
  const { engine, networks, inputs, bootId } = machine;
  const { uid, image } = desired;
  const name = containerName(uid);
  if (!DockerImage.safeParse(image).success) {
    return refused('image_invalid', `"${image.slice(0, 200)}" is no image reference.`, false);
  }

  const want = { owner, policy: desired.pull_policy, login, signal, onPull };
  const pulled = await pull(machine, image, want);
  if ('kind' in pulled) return pulled;
  const daemon = desired.docker === 'dind' ? await pull(machine, machine.docker.image, want) : pulled;
  if ('kind' in daemon) return daemon;
  const runner = await chooseRunner(machine, desired, pulled, release, owner);
  if (runner !== undefined && 'kind' in runner) return runner;
  signal.throwIfAborted();

  // The network is made while the control plane asks GitHub; if the claim isn't granted it goes again.
  const network = networks.ensure(name, { ...ownerLabels(owner), [label.instance]: uid });
  network.catch(() => undefined);
  const claimed = await claim(control, desired, bootId, signal);
  if (!claimed.ok) {
    await network.catch(() => undefined);
    if (found === undefined) await networks.remove(name).catch(() => undefined);
    return { kind: 'ungranted', refusal: claimed.refusal };
  }
  onGranted(claimed.reply);
  await network;
  signal.throwIfAborted();
  const docker = await machine.docker.give(desired, claimed.reply, { owner, bootId }, signal);
  if (docker !== undefined && 'code' in docker) {
    // Made for a daemon that is gone.
    if (found !== undefined) await engine.removeContainer(found.Id, false);
    await networks.remove(name).catch(() => undefined);
    return refused(docker.code, docker.detail, docker.retryable);
  }

  const inputFolder = inputs.prepare(uid);
  const making: Making = {
    owner,
    bootId,
    persistent: !claimed.reply.ephemeral,
    inputFolder,
    entryPath: machine.entryPath,
    runner,
    docker,
    init: machine.hasInit(),
    environment: claimed.reply.environment ?? {},
  };
  let id = found?.Id;
  if (id === undefined) {
    try {
      id = await engine.createContainer(name, containerSpec(desired, making));
    } catch (error) {
      if (isEngineFailure(error, 409)) {
        // A create of a former agent has landed in the meantime. It is as good as ours, if it never ran.
        const other = await engine.findContainer(name);
        if (other === undefined || !isUnstarted(other)) return { kind: 'started' };
        id = other.Id;
      } else if (isEngineFailure(error)) {
        const retryable = error.engineStatus !== 400;
        return refused('container_refused', `The engine does not make the container: ${error.message}`, retryable);
      } else throw error;
    }
  }
  if (docker !== undefined) await machine.docker.open(id, docker);
  inputs.put(uid, claimed.reply, bootId, docker?.folder);
  signal.throwIfAborted();
  try {
    await engine.startContainer(id);
  } catch (error) {
    if (!isEngineFailure(error)) throw error;
    inputs.remove(uid);
    // Not by force: should it run after all, it stays.
    const remove = async () => {
      await engine.removeContainer(id, false);
      await machine.docker.remove(uid);
      await networks.remove(name);
    };
    await remove().catch(() => undefined);
    const detail = `The engine does not start the container: ${error.message}`;
    return refused('start_failed', detail, !hopeless.test(error.message));
  }
  return { kind: 'started' };
}
