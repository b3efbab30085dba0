import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { engineAddress } from '#agent/engine/address.ts';
import { createEngine } from '#agent/engine/engine.ts';
import { label } from '#agent/node/labels.ts';

const program = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));

/** The engine of this machine. */
export const engine = createEngine(engineAddress(process.env.DOCKER_HOST));

/** Waits for a condition, and says what it waited for if it never comes. */
export async function eventually<T>(what: string, look: () => T | Promise<T>, seconds = 15): Promise<NonNullable<T>> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > until) throw new Error(`Waited ${seconds} s in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A machine with an agent: real folders, a real process, the real engine. */
export function makeMachine(url: string, more: Readonly<Record<string, string>> = {}, entry = program) {
  const folder = mkdtempSync(join(tmpdir(), 'rp-agent-'));
  const environment = {
    PATH: process.env.PATH ?? '',
    RUNNER_PILOT_URL: url,
    RUNNER_PILOT_AGENT_STATE: join(folder, 'state'),
    RUNNER_PILOT_AGENT_RUN: join(folder, 'run'),
    RUNNER_PILOT_NETWORK_RANGE: '10.214.0.0/16',
    ...more,
  };
  const nodes = new Set<string>();
  let child: ChildProcess | undefined;
  let said = '';

  const machine = {
    folder,
    environment,
    said: () => said,
    pid: () => child?.pid,
    /** Runs a command of the agent to its end. */
    async command(...args: string[]): Promise<string> {
      return (await promisify(execFile)(process.execPath, [entry, ...args], { env: environment })).stdout;
    },
    async enroll(uid: string, code: string): Promise<void> {
      nodes.add(uid);
      await machine.command('enroll', '--code', code);
    },
    start(env: Readonly<Record<string, string>> = {}): ChildProcess {
      const started = spawn(process.execPath, [entry], {
        env: { ...environment, ...env },
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      started.stderr.on('data', (chunk) => {
        said += chunk;
      });
      child = started;
      return started;
    },
    /** `kill -9`: nothing is finished, nothing is said. */
    async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
      const running = child;
      child = undefined;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill(signal);
      await ended;
    },
    containers: async () =>
      (await Promise.all([...nodes].map((uid) => engine.listContainers([`${label.node}=${uid}`])))).flat(),
    async [Symbol.asyncDispose]() {
      await machine.kill();
      for (const { Id } of await machine.containers()) await engine.removeContainer(Id, true);
      for (const { Name, Labels } of await engine.listNetworks()) {
        if (nodes.has(Labels?.[label.node] ?? '')) await engine.removeNetwork(Name);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return machine;
}

/** A machine with an agent. */
export type TestMachine = ReturnType<typeof makeMachine>;
