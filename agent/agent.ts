import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDoor } from './door.ts';
import { engineAddress, engineSocket } from './engine/address.ts';
import { createEngine } from './engine/engine.ts';
import { enrollNode } from './enroll.ts';
import { entryScript } from './entry.ts';
import type { Settings } from './environment.ts';
import { architectureOf, factsWithoutEngine, readBootId } from './facts.ts';
import { watchEngine } from './health.ts';
import type { Log } from './log.ts';
import { createDocker } from './node/docker.ts';
import { createImages } from './node/images.ts';
import { createInputs } from './node/input.ts';
import { label } from './node/labels.ts';
import type { Machine } from './node/machine.ts';
import { createNetworks } from './node/network.ts';
import { createNode, type Node } from './node/node.ts';
import { createProbe } from './node/probe.ts';
import { createPruning } from './node/pruning.ts';
import { createRunners } from './node/runner.ts';
import { tidy } from './node/tidy.ts';
import { type NodeRecord, openState } from './state.ts';
import { type Candidate, createUpdates } from './update/updates.ts';
import { agentVersion } from './version.ts';

/** What an agent may be started for, besides its work. */
export interface AgentOptions {
  /** A program of the agent is here that should take its place. */
  readonly onUpdate?: (candidate: Candidate) => void;
  /** Only look at everything and sync, and leave all as it is. */
  readonly isTrial?: boolean;
}

/** Starts the agent of this machine: all its nodes, and the door. The caller holds the lock. */
export async function startAgent(settings: Settings, log: Log, { onUpdate, isTrial = false }: AgentOptions = {}) {
  const { stateFolder, runFolder, bell, logBytesPerSecond } = settings;
  const closed = new AbortController();
  const state = openState(stateFolder, log);
  const engine = createEngine(engineAddress(settings.dockerHost));
  const bootId = readBootId();
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  const entryPath = join(runFolder, 'entry.sh');
  // A running container goes on with the file that it has; and not by the mode, which only a new file gets.
  writeFileSync(`${entryPath}.new`, entryScript());
  chmodSync(`${entryPath}.new`, 0o755);
  renameSync(`${entryPath}.new`, entryPath);
  const runners = createRunners(stateFolder);

  const pruning = createPruning({
    engine,
    state,
    info: () => health.info(),
    freePercent: settings.freePercent,
    warn: log,
  });
  if (!isTrial) pruning.watch(closed.signal);

  const machine: Machine = {
    engine,
    images: createImages(engine, pruning),
    docker: createDocker(engine, { image: settings.dindImage, socket: engineSocket(settings.dockerHost) }),
    networks: createNetworks(engine, settings.networkRange),
    inputs: createInputs(runFolder),
    probe: createProbe(engine),
    runners,
    bootId,
    entryPath,
    architecture: () => architectureOf(health.info()),
    hasInit: () => health.info()?.InitCommit?.ID !== 'N/A',
  };
  const nodes = new Map<string, Node>();
  const each = (act: (node: Node) => void) => {
    for (const node of nodes.values()) act(node);
  };

  const updates = createUpdates({
    settings: { ...settings, updates: settings.updates && onUpdate !== undefined },
    state,
    isIdle: () => [...nodes.values()].every((node) => node.isIdle()),
    onReady: (candidate) => onUpdate?.(candidate),
    signal: closed.signal,
    log,
  });
  const facts = () => {
    const [known, failed] = [health.facts(), updates.failure()];
    return known && failed !== undefined ? { ...known, agent_update_failed: failed } : known;
  };
  const { promise: synced, resolve: onFirstSync } = Promise.withResolvers<void>();

  const health = watchEngine({
    engine,
    signal: closed.signal,
    prepare: () => tidy(machine, state),
    onAvailable: () => each((node) => node.resurvey()),
    onUnavailable: () => each((node) => node.change()),
    onFacts: () => each((node) => node.change()),
    onEvent({ Actor: { Attributes } }) {
      const [node, uid] = [Attributes[label.node], Attributes[label.instance]];
      if (node !== undefined && uid !== undefined) nodes.get(node)?.poke(uid);
    },
    warn: log,
  });

  const attach = async (record: NodeRecord) => {
    await nodes.get(record.uid)?.close();
    const node = createNode({
      record,
      machine,
      state,
      health,
      bell,
      logBytesPerSecond,
      pullsAhead: settings.pullsAhead && !isTrial,
      isTrial,
      facts,
      capacity() {
        const info = health.info();
        return info && { cpus: info.NCPU, memoryBytes: info.MemTotal, DockerRootDir: info.DockerRootDir };
      },
      onSynced({ agent }, surveyed) {
        if (surveyed) onFirstSync();
        // The one that the agent is from: another may serve another.
        if (surveyed && record.url === settings.url) updates.told(agent);
      },
      onRetired() {
        state.removeNode(record.uid);
        nodes.delete(record.uid);
        void node.close();
        log(`${record.name} is gone.`);
      },
      warn: log,
    });
    nodes.set(record.uid, node);
  };
  // As the child of a control plane it serves that one, wherever it listens by now.
  const here = settings.endsWithParent ? settings.url : undefined;
  for (const record of state.nodes()) await attach({ ...record, url: here ?? record.url });

  const door = await openDoor(runFolder, {
    ring() {
      each((node) => node.ring());
      return nodes.size;
    },
    status: () => ({
      version: agentVersion,
      boot_id: bootId,
      engine: { available: health.isAvailable(), detail: health.detail() ?? null },
      nodes: [...nodes.values()].map((node) => node.status()),
    }),
    async enroll({ url, code, bell: kind }) {
      const facts = health.facts() ?? factsWithoutEngine();
      const enrollment = await enrollNode({ url, code, bell: kind, bootId, facts }).catch((error) => {
        throw new Error(`${url} can't be reached.`, { cause: error });
      });
      if (!enrollment.ok) {
        const { status, code: problem, detail } = enrollment.refusal;
        return { status, body: { code: problem, detail } };
      }
      state.putNode(enrollment.record);
      await attach(enrollment.record);
      log(`This machine is now ${enrollment.record.name} of ${enrollment.record.organization}.`);
      const { node, activation, agent } = enrollment.enrolled;
      return { status: 200, body: { node, activation, agent } };
    },
  });
  log(`Runner Pilot agent ${agentVersion} serves ${nodes.size} node${nodes.size === 1 ? '' : 's'}.`);

  return {
    /** Resolves when the engine has been looked at, and a control plane has been told. */
    synced,
    /** Ends the agent, and leaves all containers as they are. */
    async close(): Promise<void> {
      door.close();
      await Promise.all([...nodes.values()].map((node) => node.close()));
      closed.abort();
      await health.done;
      state.close();
    },
  };
}
