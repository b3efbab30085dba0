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
import { createNetworks } from './node/network.ts';
import { createNode, type Node } from './node/node.ts';
import { createProbe } from './node/probe.ts';
import { createPruning } from './node/pruning.ts';
import { createRunners } from './node/runner.ts';
import type { Machine } from './node/start.ts';
import { tidy } from './node/tidy.ts';
import { type NodeRecord, openState } from './state.ts';
import { agentVersion } from './version.ts';

/** Starts the agent of this machine: all its nodes, and the door. The caller holds the lock. */
export async function startAgent(settings: Settings, log: Log) {
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
  pruning.watch(closed.signal);

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

  const health = watchEngine({
    engine,
    signal: closed.signal,
    prepare: () => tidy(machine, new Set(state.nodes().map(({ uid }) => uid))),
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
      pullsAhead: settings.pullsAhead,
      facts: health.facts,
      capacity() {
        const info = health.info();
        return info && { cpus: info.NCPU, memoryBytes: info.MemTotal, DockerRootDir: info.DockerRootDir };
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
    /** Ends the agent, and leaves all containers as they are. */
    async close(): Promise<void> {
      door.close();
      await Promise.all([...nodes.values()].map((node) => node.close()));
      closed.abort();
      await health.done;
      state.save();
    },
  };
}
