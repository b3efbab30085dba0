import type { Engine } from '../engine/engine.ts';
import type { AgentState } from '../state.ts';
import { label } from './labels.ts';
import type { Machine } from './machine.ts';

/**
 * Removes what an agent that died has left behind and no worker would come across: before any of them begins. Another
 * installation on the same engine may be in the middle of a start, so only what is our own nodes' is looked at.
 */
export async function tidy({ engine, networks, inputs, runners }: Machine, state: AgentState): Promise<void> {
  const nodes = new Set(state.nodes().map(({ uid }) => uid));
  const isOurs = (labels: Readonly<Record<string, string>> | null | undefined) => nodes.has(labels?.[label.node] ?? '');
  const containers = (await engine.listContainers([label.node])).filter(({ Labels }) => isOurs(Labels));
  const probes = containers.filter(({ Labels }) => Labels?.[label.probe] !== undefined);
  for (const { Id } of probes) await engine.removeContainer(Id, true);

  const uids = new Set(containers.map(({ Labels }) => Labels?.[label.instance]));
  for (const uid of inputs.list()) if (!uids.has(uid)) inputs.remove(uid);
  for (const uid of state.instances()) if (!uids.has(uid)) state.removeInstance(uid);
  for (const { Name, Labels } of await engine.listNetworks()) {
    const uid = Labels?.[label.instance];
    // One that is in use all the same is not ours to judge.
    if (isOurs(Labels) && uid !== undefined && !uids.has(uid)) await networks.remove(Name).catch(() => undefined);
  }
  for (const { Name, Labels } of await engine.listVolumes([label.instance])) {
    if (isOurs(Labels) && !uids.has(Labels?.[label.instance])) await engine.removeVolume(Name).catch(() => undefined);
  }
  await runners.tidy(new Set(containers.flatMap(({ Labels }) => Labels?.[label.runner] ?? [])));
}

/** Removes every container, network and volume of a node, whatever they are doing. */
export async function clearNode(engine: Engine, node: string): Promise<void> {
  for (const { Id } of await engine.listContainers([`${label.node}=${node}`])) await engine.removeContainer(Id, true);
  for (const { Name, Labels } of await engine.listNetworks()) {
    if (Labels?.[label.node] === node) await engine.removeNetwork(Name);
  }
  for (const { Name } of await engine.listVolumes([`${label.node}=${node}`])) await engine.removeVolume(Name);
}
